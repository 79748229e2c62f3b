//! Which requests a page of the shop made, and not another site's: the rule of Go's
//! `http.CrossOriginProtection` (<https://pkg.go.dev/net/http#CrossOriginProtection>), which needs no
//! token. A browser says where a request comes from, and no page can make it say otherwise.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::Error;

/// Middleware for what changes something: refuses what another site's page asks for.
pub(crate) async fn guard(request: Request, next: Next) -> Result<Response, Error> {
    if is_ours(&request) {
        Ok(next.run(request).await)
    } else {
        Err(Error::AnotherSite)
    }
}

/// Whether the shop's own page asks, or somebody who typed the address, or a program that is no
/// browser. Another port of the same host is another site's page, too.
pub(crate) fn is_ours(request: &Request) -> bool {
    let headers = request.headers();
    // Browsers send it to https and localhost alone.
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().unwrap_or_default();
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let named = chassis::authority(request);
    let named = named.iter().map(Authority::as_str);
    named
        .chain(forwarded(headers))
        .map(|ours| ours.strip_suffix(usual).unwrap_or(ours)) // which browsers leave out
        .any(|ours| ours.eq_ignore_ascii_case(host))
}

/// The hosts that a browser asked a proxy for. They are believed, because no page can send this
/// header to another site without being asked for permission first, which nobody here gives.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let hosts = headers.get_all("x-forwarded-host").iter();
    let hosts = hosts.filter_map(|hosts| hosts.to_str().ok());
    hosts.flat_map(|hosts| hosts.split(',')).map(str::trim)
}
