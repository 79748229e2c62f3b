//! A visit: who asks, with which headers, and the ids by which traces and logs name it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use chassis::Forwarded;
use reqwest::Url;

use crate::app_state::AppState;
use crate::contract::Header;
use crate::test_user;

/// Headers whose values are shown: those in which proxies and browsers describe a request, but no
/// credentials. A `*` stands for any ending. All others are shown by name alone.
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

/// A request for a page.
pub(crate) struct Visit {
    /// The `end-user` that each call for this page says.
    pub(crate) end_user: Option<String>,
    /// Whether the switch for test users is on.
    pub(crate) is_tester: bool,
    /// The headers that arrived, sorted by name.
    pub(crate) headers: Vec<Header>,
    pub(crate) trace_id: Option<String>,
    /// Where Jaeger shows the trace.
    pub(crate) trace_url: Option<String>,
    /// The id by which the proxies' logs name the request.
    pub(crate) request_id: Option<String>,
}

impl Visit {
    /// The visit under way, which arrived with `headers`; each of its calls carries `forwarded` on.
    pub(crate) fn of(app: &AppState, headers: &HeaderMap, forwarded: &Forwarded) -> Self {
        let mut shown: Vec<Header> = headers.iter().map(Header::of).collect();
        shown.sort_by(|left, right| left.name.cmp(&right.name));
        let trace_id = chassis::trace_id();
        let jaeger = app.jaeger_url.as_ref().map(Url::as_str);
        let trace_url = jaeger.zip(trace_id.as_ref()).map(|(jaeger, id)| {
            let jaeger = jaeger.trim_end_matches('/');
            format!("{jaeger}/trace/{id}")
        });
        Self {
            end_user: forwarded.end_user().map(str::to_owned),
            is_tester: test_user::is_tester(headers),
            headers: shown,
            trace_id,
            trace_url,
            request_id: forwarded.request_id().map(str::to_owned),
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

/// Whether JSON is asked for, as the page's script does.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}
