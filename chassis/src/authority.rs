//! The host and the port that a request is for.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};

/// The host and port that a request is for: its target's, or those of its `host` header (RFC 9112,
/// section 3.3).
pub fn authority(request: &Request) -> Option<&str> {
    let target = request.uri().authority().map(Authority::as_str);
    target.or_else(|| host(request.headers()))
}

/// The `host` header, when it is a host and at most a port.
pub(crate) fn host(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::HOST)?.to_str().ok()?;
    let (name, port) = split(text);
    let is_port = port.is_empty() || port == ":" || number(port).is_some();
    (is_port && is_name(name)).then_some(text)
}

/// Host and port of an authority, each where it is present.
pub(crate) fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    let after_user = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = split(after_user);
    (host, number(port))
}

/// Splits before the colon of the port; those of an IPv6 address stand in brackets.
fn split(text: &str) -> (&str, &str) {
    let name = text.bytes().take_while(is_plain).count();
    let after = if text.starts_with('[') {
        text.rfind(']').unwrap_or_default()
    } else {
        name
    };
    let colon = text.bytes().skip(after).position(|byte| byte == b':');
    text.split_at(colon.map_or(text.len(), |colon| after + colon))
}

fn number(port: &str) -> Option<u16> {
    port.strip_prefix(':')?.parse().ok()
}

fn is_name(name: &str) -> bool {
    // The grammar of other characters takes long to check.
    let is_authority = || {
        let authority = name.parse::<Authority>();
        authority.is_ok_and(|authority| authority.host() == name)
    };
    !name.is_empty() && (name.bytes().all(|byte| is_plain(&byte)) || is_authority())
}

/// Whether nearly every name is made of this and the like.
fn is_plain(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}
