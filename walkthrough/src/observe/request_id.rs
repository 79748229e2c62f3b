//! The id that a visitor gives a request.

use anyhow::anyhow;
use ring::rand::{SystemRandom, generate};

/// A new `x-request-id`.
///
/// It is a UUID whose version is 9, by which Envoy marks a request that it samples: a proxy that samples
/// only a share of the requests records this one, and no proxy writes its own mark into the id, which would
/// make it another id
/// ([Envoy](https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-request-id)).
///
/// # Errors
/// When this machine has no randomness.
pub(super) fn new() -> anyhow::Result<String> {
    let random = generate::<[u8; 16]>(&SystemRandom::new());
    let random = random.map_err(|_| anyhow!("this machine has no randomness"))?;
    let digits = format!("{:032x}", u128::from_be_bytes(random.expose()));
    Ok(format!(
        "{}-{}-9{}-a{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_is_a_uuid_that_envoy_samples() {
        let ids = [new(), new()].map(|id| id.expect("an id"));
        assert_ne!(ids[0], ids[1]);
        for id in ids {
            let lengths: Vec<usize> = id.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(&id[14..15], "9", "{id}");
        }
    }
}
