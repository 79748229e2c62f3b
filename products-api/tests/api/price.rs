use products_api::Factor;
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Cents × factor in integers: half a cent or more is one more cent.
fn cents(cents: i128, factor_millionths: i64) -> i128 {
    let exact = cents * i128::from(factor_millionths);
    (exact + 500_000) / 1_000_000
}

proptest! {
    #[test]
    fn price_is_exact_to_the_cent(
        stored in 0..10_i128.pow(19), // any numeric(19,2)
        factor in 1..=1_000_000_000i64,
    ) {
        let text = Decimal::new(factor, 6).to_string();
        let price = text.parse::<Factor>().unwrap().apply(Decimal::from_i128_with_scale(stored, 2));
        prop_assert_eq!(price.scale(), 2);
        prop_assert_eq!(price.mantissa(), cents(stored, factor));
    }
}

#[test]
fn factor_out_of_bounds_is_refused() {
    for text in [
        "0",
        "-1",
        "1000.01",
        "1.0000001",
        "two",
        "",
        "NaN",
        "1e3",
        "1_75",
    ] {
        assert!(text.parse::<Factor>().is_err(), "{text}");
    }
}
