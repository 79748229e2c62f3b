//! Why a request fails, and how it is answered: with a problem for programs, which
//! `page/error_page.rs` shows to people as a page.
//!
//! A sale that is not made is an outcome, not an error: `buy/outcome.rs` says how it is answered.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::Problem;

use crate::contract::Closed;
use crate::sign_in::MAX_TOKEN_BYTES;

/// Why a request fails; the text is for the caller.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 400: `/test-user` was not told whether to be one.
    #[error("`on` must be true, to be a test user, or false.")]
    NeitherOnNorOff,
    /// 400: what was to sign in with is no token.
    #[error(
        "`token` must be a token as `widgetario token` prints it: three parts of letters, digits, - \
         and _, with a dot between them, and {MAX_TOKEN_BYTES} characters at most."
    )]
    NoToken,
    /// 403: another site's page made a request that would change something.
    #[error(
        "Another site's page asked for this, so nothing was done. Do it on the shop's own page."
    )]
    AnotherSite,
    /// 404: the shop has no such path.
    #[error("There is nothing here.")]
    NothingHere,
    /// 405: the path takes other methods; the router adds the `allow` header.
    #[error("This path takes only the methods of the `allow` header.")]
    MethodNotAllowed,
    /// 503: nobody said what is sold. (`GET /` has a page for that, with the same status.)
    #[error("products-api did not say what is sold.")]
    NoProducts(Closed),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let detail = self.to_string();
        let status = match self {
            Self::NeitherOnNorOff | Self::NoToken => StatusCode::BAD_REQUEST,
            Self::AnotherSite => StatusCode::FORBIDDEN,
            Self::NothingHere => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoProducts(closed) => return Problem::unavailable(detail).with(closed),
        };
        Problem::new(status, detail).into_response()
    }
}
