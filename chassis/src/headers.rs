//! The names of the headers that services, proxies and browsers exchange.

use axum::http::HeaderName;

/// Version of the service that answered.
pub const VERSION: HeaderName = HeaderName::from_static("x-widgetario-version");
/// Pod that answered.
pub const POD: HeaderName = HeaderName::from_static("x-widgetario-pod");
/// How often the caller's proxy tried: the `x-envoy-attempt-count` that arrived.
pub const ATTEMPT: HeaderName = HeaderName::from_static("x-widgetario-attempt");
/// The caller's identity as this service's proxy proved it: a SPIFFE URI.
pub const CALLER: HeaderName = HeaderName::from_static("x-widgetario-caller");

/// How long this service took (<https://www.w3.org/TR/server-timing/>).
pub const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// How a service tells whether its answer came from its cache
/// (<https://www.rfc-editor.org/rfc/rfc9211>).
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// The id by which all proxies name a request in their logs.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Who the user is, for the match rules of a mesh.
pub(crate) const END_USER: HeaderName = HeaderName::from_static("end-user");
/// `https` when a proxy received the request over TLS.
pub(crate) const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The certificates of the callers, as a proxy proved them
/// (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#x-forwarded-client-cert>).
pub(crate) const CLIENT_CERTIFICATE: HeaderName =
    HeaderName::from_static("x-forwarded-client-cert");
/// Which try of the caller's proxy a request is, counted from 1.
pub(crate) const ENVOY_ATTEMPT_COUNT: HeaderName = HeaderName::from_static("x-envoy-attempt-count");
/// How many milliseconds the caller's proxy waited for the other end; it sets none when it answers
/// by itself
/// (<https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-upstream-service-time>).
#[cfg(feature = "client")]
pub(crate) const ENVOY_UPSTREAM_TIME: HeaderName =
    HeaderName::from_static("x-envoy-upstream-service-time");
