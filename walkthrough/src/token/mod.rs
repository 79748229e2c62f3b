//! `widgetario token`: prints a JSON Web Token (RFC 7519) with which a person signs in to the shop.
//!
//! A real issuer gives a token only to somebody who has proved who they are, and keeps its private key
//! where nobody can read it. Here everybody may make any token, because the key is part of the program:
//! it stands for an issuer, so that the mesh has something to check.

mod key;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use chassis::say;
use clap::Args;
use serde_json::json;

use self::key::Key;

/// The issuer that the mesh knows (`istio/demo6/jwt/people.yaml`).
const ISSUER: &str = "https://issuer.widgetario.example";

/// What a token says, and whose signature it has.
#[derive(Args)]
pub struct Token {
    /// Whom it names: the claim `sub`
    #[arg(long, default_value = "Ada", value_parser = claim)]
    pub name: String,

    /// What that person may do: the claim `role`. Buy needs the role buyer
    #[arg(long, value_parser = claim)]
    pub role: Option<String>,

    /// How many minutes it is valid; with -5 it has expired five minutes ago. Envoy accepts a token for
    /// one minute more, because clocks differ
    #[arg(
        long,
        value_name = "MINUTES",
        default_value = "60",
        allow_negative_numbers = true
    )]
    pub expires_in: i32,

    /// Who issued it: the claim `iss`
    #[arg(long, default_value = ISSUER, value_parser = claim)]
    pub issuer: String,

    /// Sign it with a key that is not the issuer's
    #[arg(long)]
    pub wrong_key: bool,
}

/// A text that may be in a token: one that Envoy can write into a header, and a page can show.
fn claim(text: &str) -> Result<String, &'static str> {
    let characters = text.chars().count();
    if text.trim().is_empty() || characters > 100 || text.contains(char::is_control) {
        return Err("1 to 100 characters, not only blanks, and no control characters");
    }
    Ok(text.to_owned())
}

/// Prints `token`.
///
/// # Errors
/// When it cannot be made, or printed.
pub fn print(token: &Token) -> anyhow::Result<ExitCode> {
    say!("{}", token.signed()?)?;
    Ok(ExitCode::SUCCESS)
}

impl Token {
    /// A token of the issuer that the mesh knows, for one hour.
    pub fn of(name: &str, role: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            role: role.map(str::to_owned),
            expires_in: 60,
            issuer: ISSUER.to_owned(),
            wrong_key: false,
        }
    }

    /// The token as text, in the compact form (RFC 7515, section 3.1).
    ///
    /// # Errors
    /// When this machine has no randomness, or its clock is before 1970.
    pub fn signed(&self) -> anyhow::Result<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.context("the clock of this machine is before 1970")?;
        let now = i64::try_from(now.as_secs())?;
        let mut claims = json!({
            "iss": self.issuer,
            "sub": self.name,
            "iat": now,
            "exp": now + 60 * i64::from(self.expires_in),
        });
        if let Some(role) = &self.role {
            claims["role"] = role.as_str().into();
        }
        let key = if self.wrong_key {
            Key::new()?
        } else {
            Key::of_the_demo()?
        };
        key.sign(&claims)
    }
}
