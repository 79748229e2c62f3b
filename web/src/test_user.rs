//! The switch that makes a browser a test user.
//!
//! A mesh can match the header `end-user`, and nobody can type a header in a browser. So the switch
//! sets a cookie, for which web sends `end-user: tester` with each call. The request is a GET,
//! because `istio/demo3/authz/allow/web-allow.yaml` allows no other method; it changes only a
//! cookie.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{Redirect, Response};
use chassis::Forwarded;
use serde::Deserialize;

use crate::error::Error;

const TESTER: &str = "tester";

/// Middleware that makes the calls for a test user say `end-user: tester`.
pub(crate) async fn on_behalf(mut request: Request, next: Next) -> Response {
    if is_tester(request.headers()) {
        let extensions = request.extensions_mut();
        let forwarded = extensions.get_or_insert_default::<Forwarded>();
        forwarded.set_end_user(HeaderValue::from_static(TESTER));
    }
    next.run(request).await
}

/// Whether the switch is on in the browser that sent `headers`.
pub(crate) fn is_tester(headers: &HeaderMap) -> bool {
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

/// `GET /test-user?on=true|false`: makes this browser a test user until it is closed, or ends that.
pub(crate) async fn switch(
    wanted: Result<Query<Switch>, QueryRejection>,
) -> Result<([(HeaderName, &'static str); 1], Redirect), Error> {
    let Query(Switch { on }) = wanted.map_err(|_| Error::NeitherOnNorOff)?;
    let cookie = if on {
        "end-user=tester; Path=/; HttpOnly; SameSite=Lax"
    } else {
        "end-user=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    };
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")))
}
