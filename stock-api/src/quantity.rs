//! A number of widgets, as a request states it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A whole number from `MIN` to `i64::MAX`.
pub(crate) struct Quantity<const MIN: i64>(pub(crate) i64);

impl<'de, const MIN: i64> Deserialize<'de> for Quantity<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeNumber::<MIN>).map(Self)
    }
}

/// Above 2^53 a float may stand for its neighbours, too.
const EXACT: f64 = 9_007_199_254_740_992.0;

struct WholeNumber<const MIN: i64>;

impl<const MIN: i64> Visitor<'_> for WholeNumber<MIN> {
    type Value = i64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from {MIN} to {}", i64::MAX)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        if number >= MIN {
            Ok(number)
        } else {
            Err(E::invalid_value(
                serde::de::Unexpected::Signed(number),
                &self,
            ))
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(
                serde::de::Unexpected::Unsigned(number),
                &self,
            )),
        }
    }

    /// To JSON Schema `5.0` and `5e0` are whole numbers too; Rust writes both as `5`.
    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        if number.abs() > EXACT {
            return Err(E::invalid_value(
                serde::de::Unexpected::Float(number),
                &self,
            ));
        }
        match number.to_string().parse() {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(
                serde::de::Unexpected::Float(number),
                &self,
            )),
        }
    }
}
