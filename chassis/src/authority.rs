//! The host and the port that a request is for.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};

/// The host and port that a request is for: its target's, or those of its `host` header (RFC 9112,
/// section 3.3).
pub fn authority(request: &Request) -> Option<Authority> {
    let target = request.uri().authority();
    target.cloned().or_else(|| host(request.headers()))
}

/// The `host` header, when it is a host and at most a port.
pub(crate) fn host(headers: &HeaderMap) -> Option<Authority> {
    let text = headers.get(header::HOST)?.to_str().ok()?;
    let authority = text.parse::<Authority>().ok()?;
    let port = text.strip_prefix(authority.host())?;
    let is_host = !authority.host().is_empty() && !text.contains('@');
    let is_port = port.is_empty() || port == ":" || authority.port_u16().is_some();
    (is_host && is_port).then_some(authority)
}
