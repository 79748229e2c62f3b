//! Money: exact decimals, rounded to cents once.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};

/// What a price is multiplied by: above 0, at most 1000, with at most 6 decimal places. Within
/// these bounds the product with any `numeric(19,2)` fits in a [`Decimal`], so that nothing is
/// rounded before the final rounding to cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor(Decimal);

impl Factor {
    /// The price to pay: `price` × factor, rounded to cents, half away from zero.
    pub fn apply(self, price: Decimal) -> Decimal {
        let exact = price * self.0;
        let mut cents = exact.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        cents.rescale(2);
        cents
    }
}

impl FromStr for Factor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = !text.contains('_'); // Decimal reads 1_75 as 175
        match Decimal::from_str_exact(text).map(|factor| factor.normalize()) {
            Ok(factor)
                if is_plain
                    && factor > Decimal::ZERO
                    && factor <= Decimal::ONE_THOUSAND
                    && factor.scale() <= 6 =>
            {
                Ok(Self(factor))
            }
            _ => Err("a number above 0, at most 1000, with at most 6 decimal places, such as 1.75"),
        }
    }
}
