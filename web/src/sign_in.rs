//! Sign in and Sign out: a person's token, kept in a cookie for the mesh.
//!
//! web's sidecar checks the token (`istio/demo6/jwt/`), and web never reads it. The cookie goes only to
//! [`PLACE`] and below: a sidecar answers each request whose token it refuses with 401, so that a
//! token which has expired would otherwise close the page, and Sign out with it.
//!
//! A real shop sends people to the issuer's own page, which asks for a password, and redirects them
//! back (<https://openid.net/specs/openid-connect-core-1_0.html>, section 3.1); it serves only https,
//! and marks the cookie `Secure`.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderName, header};
use axum::response::Redirect;
use serde::Deserialize;

use crate::error::Error;

/// Where the cookie goes.
const PLACE: &str = "/buy";

/// Browsers keep no cookie above 4,096 bytes, its name and attributes included.
pub(crate) const MAX_TOKEN_BYTES: usize = 4000;

/// What a person pastes.
#[derive(Deserialize)]
pub(crate) struct Pasted {
    token: String,
}

/// A redirect that sets a cookie.
type SetCookie = ([(HeaderName, String); 1], Redirect);

/// `POST /sign-in` with the form's field `token`: keeps it until the browser is closed, and leads to
/// `GET /buy`, which shows whose it is.
pub(crate) async fn sign_in(form: Result<Form<Pasted>, FormRejection>) -> Result<SetCookie, Error> {
    let Form(Pasted { token }) = form.map_err(|_| Error::NoToken)?;
    let token = token.trim();
    if !has_form_of_token(token) {
        return Err(Error::NoToken);
    }
    let cookie = format!("token={token}; Path={PLACE}; HttpOnly; SameSite=Strict");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(PLACE)))
}

/// `POST /sign-out`: the browser forgets the token.
pub(crate) async fn sign_out() -> SetCookie {
    let cookie = format!("token=; Path={PLACE}; HttpOnly; SameSite=Strict; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/"))
}

/// Whether `text` is a signed token by its form (RFC 7515, section 7.1): no other text gets into a
/// header.
fn has_form_of_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(is_of_token);
    text.len() <= MAX_TOKEN_BYTES && text.split('.').count() == 3 && text.split('.').all(is_part)
}
