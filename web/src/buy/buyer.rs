//! `GET /buy`: as whom the mesh lets this person buy. It says what a Buy would say of the person, and
//! sells nothing.
//!
//! web reads no token. Its sidecar does, and writes two claims of a token that it accepts into headers.
//! It removes headers of these names from every request first, so nobody can write them in its place.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::app_state::AppState;
use crate::contract::{Buyer, Buying};
use crate::page::buyer_page;
use crate::visit::wants_json;

pub(crate) async fn show(State(app): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let buyer = Buyer::of(&headers);
    if wants_json(&headers) {
        Json(Buying { buyer }).into_response()
    } else {
        buyer_page::page(&app, buyer.as_ref()).into_response()
    }
}

impl Buyer {
    /// Who sent a request with these headers; `None` when no token came, or one without a name: Envoy
    /// writes no header for a claim that is missing or empty.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        Some(Self {
            name: text(headers.get("x-token-name")?),
            role: headers.get("x-token-role").map(text),
        })
    }
}

/// Envoy writes a claim as it is: in UTF-8.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// Such as "Ada, with the role buyer".
impl fmt::Display for Buyer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.role {
            Some(role) => write!(formatter, "{}, with the role {role}", self.name),
            None => write!(formatter, "{}, without a role", self.name),
        }
    }
}
