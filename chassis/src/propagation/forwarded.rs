//! The headers of a request that a mesh needs in the calls made for it, besides those of the trace.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::headers::{END_USER, REQUEST_ID};

/// Cookies and credentials are not listed, so they are never passed on.
const FORWARDED: [HeaderName; 2] = [REQUEST_ID, END_USER];

/// The headers of a request that its calls carry on: those of a short list, with plain values. The
/// server keeps them in the request's extensions, from which a handler takes them to hand them to
/// its calls.
#[derive(Clone, Debug, Default)]
pub struct Forwarded(HeaderMap);

impl Forwarded {
    /// Those of a request's `headers` that are forwarded, if there are any.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        // One look at each name costs less than a search for each listed one.
        let is_listed = |name: &HeaderName| FORWARDED.contains(name);
        if !headers.keys().any(is_listed) {
            return None;
        }
        let listed = |name: HeaderName| {
            let value = headers.get(&name).filter(|value| is_plain(value))?;
            Some((name, value.clone()))
        };
        Some(Self(FORWARDED.into_iter().filter_map(listed).collect()))
    }

    /// The headers themselves.
    #[cfg(feature = "client")]
    pub(crate) fn headers(&self) -> HeaderMap {
        self.0.clone()
    }

    /// The id by which the logs of all proxies name the request.
    pub fn request_id(&self) -> Option<&str> {
        self.text(&REQUEST_ID)
    }

    /// The user, as each call names them.
    pub fn end_user(&self) -> Option<&str> {
        self.text(&END_USER)
    }

    /// Makes each call from now on say `end-user: name`, which a mesh can match.
    pub fn set_end_user(&mut self, name: HeaderValue) {
        self.0.insert(END_USER, name);
    }

    /// The same for a call to somebody outside, whom the user does not concern.
    #[must_use]
    pub fn without_end_user(&self) -> Self {
        let mut others = self.clone();
        others.0.remove(END_USER);
        others
    }

    fn text(&self, name: &HeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }
}

/// The forwarded headers of the request under way; none where no server put them there.
impl<S: Sync> FromRequestParts<S> for Forwarded {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Whether a value may stand in a log line and in a call: an id or a name, of at most 128 characters.
fn is_plain(value: &HeaderValue) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._:@-".contains(byte);
    (1..=128).contains(&value.len()) && value.as_bytes().iter().all(is_allowed)
}
