//! How many are left, in the shop's own words.

use std::fmt;

use serde::Serialize;

use crate::contract::Level;

const FEW_BELOW: i64 = 50;

impl Level {
    /// The level of `stock` widgets; `None` when stock-api did not say.
    pub(crate) fn of(stock: Option<i64>) -> Self {
        match stock {
            None => Self::Unknown,
            Some(..=0) => Self::SoldOut,
            Some(..FEW_BELOW) => Self::Few,
            Some(_) => Self::Plenty,
        }
    }

    /// What the page shows.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::SoldOut => "SOLD OUT!",
            Self::Few => "Last few...",
            Self::Plenty => "Plenty",
        }
    }

    /// Whether there is a Buy button. There is one for an unknown stock, because the sale will
    /// tell.
    pub(crate) fn can_buy(self) -> bool {
        self != Self::SoldOut
    }
}

/// As in JSON.
impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_stock() {
        let words = |stock| Level::of(stock).words();
        assert_eq!(words(Some(0)), "SOLD OUT!");
        assert_eq!(words(Some(1)), "Last few...");
        assert_eq!(words(Some(49)), "Last few...");
        assert_eq!(words(Some(50)), "Plenty");
        assert_eq!(words(None), "unknown");
    }
}
