//! Tells requests of the shop's own pages from those of other sites, by the rule of Go's
//! `http.CrossOriginProtection` (<https://pkg.go.dev/net/http#CrossOriginProtection>), which needs
//! no token. A browser says where a request comes from, and no page can make it say otherwise.

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::error::Error;

/// Middleware for requests that change something: refuses those of another site's page.
pub(crate) async fn guard(request: Request, next: Next) -> Result<Response, Error> {
    if is_ours(&request) {
        Ok(next.run(request).await)
    } else {
        Err(Error::AnotherSite)
    }
}

/// Whether the request is from the shop's own page, from somebody who typed the address, or from a
/// program other than a browser. Another port of the same host is another site, too.
pub(crate) fn is_ours(request: &Request) -> bool {
    let headers = request.headers();
    // Browsers send this header only to https and to localhost.
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().unwrap_or_default();
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let named = chassis::authority(request).into_iter();
    named
        .chain(forwarded(headers))
        .map(|host| host.strip_suffix(default_port).unwrap_or(host)) // browsers leave it out
        .any(|own_host| own_host.eq_ignore_ascii_case(host))
}

/// The hosts that a browser asked a proxy for. They can be trusted: before a page sends this header
/// to another site, the browser asks that site for permission, which the shop never gives.
fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let hosts = headers.get_all("x-forwarded-host").iter();
    let hosts = hosts.filter_map(|hosts| hosts.to_str().ok());
    hosts.flat_map(|hosts| hosts.split(',')).map(str::trim)
}
