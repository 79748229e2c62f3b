//! The host and the port that a request is for.

use axum::extract::Request;
use axum::http::header;
use axum::http::uri::Authority;

/// The host and port that a request is for, as they were sent: its target's, or those of its `host`
/// header (RFC 9112, section 3.3).
pub fn authority(request: &Request) -> Option<&str> {
    let target = request.uri().authority().map(Authority::as_str);
    target.or_else(|| {
        let host = request.headers().get(header::HOST)?.to_str().ok()?;
        host_and_port(host).and(Some(host))
    })
}

/// Host and port in `text`, when it is a host and at most a port.
pub(crate) fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let plain = text.bytes().take_while(|byte| is_plain(*byte)).count();
    let (host, port) = match text.as_bytes().get(plain) {
        None | Some(b':') if plain > 0 => text.split_at(plain),
        // The grammar of other characters takes long to check.
        _ => {
            let authority = text.parse::<Authority>().ok()?;
            let length = authority.host().len();
            let is_host = length > 0 && text.starts_with(authority.host());
            is_host.then(|| text.split_at(length))?
        }
    };
    match port {
        "" | ":" => Some((host, None)),
        port => Some((host, Some(number(port.strip_prefix(':')?)?))),
    }
}

/// A port: digits, without the sign that Rust would read, too.
fn number(port: &str) -> Option<u16> {
    let is_digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|_| is_digits)
}

/// Whether nearly every name is made of this and the like.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}
