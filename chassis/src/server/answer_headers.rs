//! The headers in which an API says who answered and who asked; web's page shows them.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::duration::milliseconds;
use crate::headers::{
    ATTEMPT, CALLER, CLIENT_CERTIFICATE, ENVOY_ATTEMPT_COUNT, POD, SERVER_TIMING, VERSION,
};
use crate::settings::Settings;

/// The headers that are the same in each answer of a process.
#[derive(Clone)]
pub(crate) struct Identity {
    version: HeaderValue,
    pod: HeaderValue,
}

impl Identity {
    pub(crate) fn new(settings: &Settings) -> Self {
        let value = |text: &str| {
            HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("unprintable"))
        };
        Self {
            version: value(&settings.app_version),
            pod: value(&settings.pod_name),
        }
    }
}

/// Middleware that adds the headers to every answer, refusals included.
pub(crate) async fn add(
    State(identity): State<Identity>,
    request: Request,
    next: Next,
) -> Response {
    let attempt = request.headers().get(ENVOY_ATTEMPT_COUNT).cloned();
    let caller = caller(request.headers());
    let begun = Instant::now();
    let mut response = next.run(request).await;
    let timing = format!("app;dur={}", milliseconds(begun.elapsed()));
    let headers = response.headers_mut();
    if let Ok(timing) = HeaderValue::from_str(&timing) {
        headers.insert(SERVER_TIMING, timing);
    }
    headers.insert(VERSION, identity.version);
    headers.insert(POD, identity.pod);
    if let Some(attempt) = attempt {
        headers.insert(ATTEMPT, attempt);
    }
    if let Some(caller) = caller {
        headers.insert(CALLER, caller);
    }
    response
}

/// The URI of the nearest caller: the last element of [`CLIENT_CERTIFICATE`].
fn caller(headers: &HeaderMap) -> Option<HeaderValue> {
    let certificates = headers
        .get_all(CLIENT_CERTIFICATE)
        .into_iter()
        .next_back()?;
    let nearest = certificates.to_str().ok()?.rsplit(',').next()?;
    let uri = nearest
        .split(';')
        .find_map(|pair| pair.trim().strip_prefix("URI="))?;
    HeaderValue::from_str(uri.trim_matches('"')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_is_the_last_certificates_uri() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-forwarded-client-cert",
            HeaderValue::from_static(
                "By=spiffe://a/b;URI=spiffe://cluster.local/ns/istio-system/sa/gateway,\
                 By=spiffe://a/c;Hash=0f;Subject=\"\";URI=spiffe://cluster.local/ns/widgetario/sa/widgetario-web",
            ),
        );
        assert_eq!(
            caller(&headers).expect("a URI"),
            "spiffe://cluster.local/ns/widgetario/sa/widgetario-web"
        );
    }
}
