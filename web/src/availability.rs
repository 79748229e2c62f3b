//! How many are left, in the shop's own words.

use serde::Serialize;

const FEW_BELOW: i64 = 50;

/// What the page shows of a product's stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Availability {
    /// For people.
    pub(crate) availability: &'static str,
    /// For the page's style and script.
    pub(crate) level: &'static str,
    /// Whether there is a Buy button: not when sold out.
    pub(crate) can_buy: bool,
}

impl Availability {
    /// Of `stock` widgets; `None` when stock-api did not say.
    pub(crate) fn of(stock: Option<i64>) -> Self {
        let (availability, level) = match stock {
            None => ("unknown", "unknown"),
            Some(..=0) => ("SOLD OUT!", "none"),
            Some(..FEW_BELOW) => ("Last few...", "few"),
            Some(_) => ("Plenty", "plenty"),
        };
        Self {
            availability,
            level,
            can_buy: level != "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_the_stock() {
        let words = |stock| Availability::of(stock).availability;
        assert_eq!(words(Some(0)), "SOLD OUT!");
        assert_eq!(words(Some(1)), "Last few...");
        assert_eq!(words(Some(49)), "Last few...");
        assert_eq!(words(Some(50)), "Plenty");
        assert_eq!(words(None), "unknown");
    }
}
