//! Who asks: the headers that arrived, and the switch that makes a browser a test user.
//!
//! A mesh can match the header `end-user`, and nobody can type a header in a browser. So the switch
//! sets a cookie, for which web sends `end-user: tester` with each call. It is a GET, because
//! `istio/demo3/authz/allow/web-allow.yaml` lets nothing else in; all it changes is a cookie.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use chassis::{Forwarded, Problem};
use serde::{Deserialize, Serialize};

const TESTER: &str = "tester";

/// Headers whose values are shown: what proxies and browsers say of a request, and no credentials.
/// A `*` stands for any ending. All others are shown by name alone.
const SHOWN: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "b3",
    "cache-control",
    "connection",
    "end-user",
    "host",
    "priority",
    "sec-ch-ua*",
    "sec-fetch-*",
    "traceparent",
    "tracestate",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
    "x-b3-*",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-peer-metadata*",
    "x-forwarded-client-cert",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
];
const SHOWN_CHARACTERS: usize = 200;

/// Who asks for a page.
#[derive(Serialize)]
pub(crate) struct Visitor {
    /// The `end-user` that each call for this page says.
    pub(crate) end_user: Option<String>,
    /// Whether the switch made it so.
    #[serde(skip)]
    pub(crate) is_tester: bool,
    /// What arrived, by name.
    pub(crate) headers: Vec<Header>,
}

#[derive(Serialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    /// Absent when it may be a credential.
    pub(crate) value: Option<String>,
}

impl Visitor {
    pub(crate) fn of(headers: &HeaderMap, forwarded: &Forwarded) -> Self {
        let mut shown: Vec<Header> = headers.iter().map(Header::of).collect();
        shown.sort_by(|left, right| left.name.cmp(&right.name));
        Self {
            end_user: forwarded.end_user().map(str::to_owned),
            is_tester: is_tester(headers),
            headers: shown,
        }
    }
}

impl Header {
    fn of((name, value): (&HeaderName, &HeaderValue)) -> Self {
        let is_shown = SHOWN.iter().any(|shown| match shown.strip_suffix('*') {
            Some(beginning) => name.as_str().starts_with(beginning),
            None => *name == **shown,
        });
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = text.chars().take(SHOWN_CHARACTERS).collect();
        Self {
            name: name.to_string(),
            value: is_shown.then_some(text),
        }
    }
}

/// Middleware: what a test user asks for is asked as `end-user: tester`.
pub(crate) async fn on_behalf(mut request: Request, next: Next) -> Response {
    if is_tester(request.headers())
        && let Some(forwarded) = request.extensions_mut().get_mut::<Forwarded>()
    {
        forwarded.set_end_user(HeaderValue::from_static(TESTER));
    }
    next.run(request).await
}

fn is_tester(headers: &HeaderMap) -> bool {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .any(|cookie| cookie.trim() == "end-user=tester")
}

#[derive(Deserialize)]
pub(crate) struct Switch {
    on: bool,
}

/// `GET /test-user?on=true|false`: makes this browser a test user until it is closed, or no longer.
pub(crate) async fn switch(wanted: Result<Query<Switch>, QueryRejection>) -> Response {
    let cookie = match wanted {
        Ok(Query(Switch { on: true })) => "end-user=tester; Path=/; HttpOnly; SameSite=Lax",
        Ok(Query(Switch { on: false })) => "end-user=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
        Err(_) => {
            let allowed = "`on` must be true, to be a test user, or false.";
            return Problem::new(StatusCode::BAD_REQUEST, allowed).into_response();
        }
    };
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}
