//! A number of widgets, as a request states it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A whole number from `MIN` to `i64::MAX`.
pub(crate) struct Quantity<const MIN: i64>(pub(crate) i64);

impl<'de, const MIN: i64> Deserialize<'de> for Quantity<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(WholeNumber)
    }
}

/// Above 2^53 a float may stand for its neighbours, too.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a [`Quantity`]. serde's `try_from` would be shorter, but here each refusal says what is
/// allowed, also that of a text or a `null`.
struct WholeNumber<const MIN: i64>;

impl<const MIN: i64> Visitor<'_> for WholeNumber<MIN> {
    type Value = Quantity<MIN>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from {MIN} to {}", i64::MAX)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let quantity = (number >= MIN).then_some(Quantity(number));
        quantity.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    /// In JSON Schema, `5.0` and `5e0` are whole numbers, too; Rust writes both as `5`.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        match number.to_string().parse() {
            Ok(whole) if number.abs() <= EXACT => self.visit_i64(whole),
            _ => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }
}
