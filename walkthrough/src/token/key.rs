//! Keys that sign tokens, by ES256 (RFC 7518, section 3.4): ECDSA on the curve P-256.

use anyhow::{Context, anyhow};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair};
use serde_json::{Value, json};

/// The demo's key, as a JSON Web Key (RFC 7517) with its private part `d`. It protects nothing.
const DEMO: &str = include_str!("demo-key.json");

/// The demo's key has this name (RFC 7515, section 4.1.4), and each key that pretends to be it.
const ID: &str = "demo";

/// A private key.
pub(super) struct Key {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl Key {
    /// The key of the issuer that the mesh knows.
    ///
    /// # Errors
    /// When this machine has no randomness.
    pub(super) fn of_the_demo() -> anyhow::Result<Self> {
        let key: Value = serde_json::from_str(DEMO)?;
        let number = |name: &str| {
            let text = key[name].as_str().context("no such number")?;
            anyhow::Ok(BASE64URL.decode(text)?)
        };
        let uncompressed = [vec![4], number("x")?, number("y")?].concat(); // SEC 1, section 2.3.3
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ES256,
            &number("d")?,
            &uncompressed,
            &random,
        );
        let pair = pair.map_err(|error| anyhow!("the demo's key: {error}"))?;
        Ok(Self { pair, random })
    }

    /// A new key, which nobody knows.
    ///
    /// # Errors
    /// When this machine has no randomness.
    pub(super) fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ES256, &random);
        let made = made.map_err(|_| anyhow!("this machine has no randomness"))?;
        let pair = EcdsaKeyPair::from_pkcs8(&ES256, made.as_ref(), &random);
        let pair = pair.map_err(|error| anyhow!("a new key: {error}"))?;
        Ok(Self { pair, random })
    }

    /// The token that says `claims`.
    ///
    /// # Errors
    /// When this machine has no randomness.
    pub(super) fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = json!({ "alg": "ES256", "kid": ID, "typ": "JWT" });
        let parts = [&header, claims].map(|part| BASE64URL.encode(part.to_string()));
        let signed = parts.join(".");
        let signature = self.pair.sign(&self.random, signed.as_bytes());
        let signature = signature.map_err(|_| anyhow!("this machine has no randomness"))?;
        Ok(format!("{signed}.{}", BASE64URL.encode(signature)))
    }
}
