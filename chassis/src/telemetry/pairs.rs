//! Lists such as `key=value,other=value%202`, as OpenTelemetry's variables have them.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

/// Keys and values, decoded, in the list's order
/// (<https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable>).
#[derive(Clone, Debug)]
pub struct Pairs(pub(super) Vec<(String, String)>);

impl FromStr for Pairs {
    type Err = &'static str;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let decoded = |text: &str| {
            let text = percent_decode_str(text.trim()).decode_utf8().ok()?;
            Some(text.into_owned())
        };
        let pair = |item: &str| {
            let (key, value) = item.split_once('=')?;
            let key = decoded(key).filter(|key| !key.is_empty())?;
            Some((key, decoded(value)?))
        };
        let items = list.split(',').filter(|item| !item.trim().is_empty());
        let pairs: Option<_> = items.map(pair).collect();
        pairs
            .map(Self)
            .ok_or("a list such as key=value,key=value, percent-encoded")
    }
}
