//! The headers in which an API says who answered and who asked; web's page shows them.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

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

/// What a request says of where it comes from, for its answer.
pub(super) struct Origin {
    attempt: Option<HeaderValue>,
    caller: Option<HeaderValue>,
}

impl Origin {
    /// `None` when no proxy said anything.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        // One look at each name costs less than a search for both.
        let is_ours =
            |name: &HeaderName| *name == ENVOY_ATTEMPT_COUNT || *name == CLIENT_CERTIFICATE;
        headers.keys().any(is_ours).then(|| Self {
            attempt: headers.get(ENVOY_ATTEMPT_COUNT).cloned(),
            caller: caller(headers),
        })
    }
}

impl Identity {
    /// Adds the headers to an answer that took `duration`, refusals included.
    pub(super) fn sign(
        &self,
        origin: Option<Box<Origin>>,
        duration: Duration,
        headers: &mut HeaderMap,
    ) {
        if let Ok(timing) = HeaderValue::try_from(timing(duration)) {
            headers.insert(SERVER_TIMING, timing);
        }
        headers.insert(VERSION, self.version.clone());
        headers.insert(POD, self.pod.clone());
        if let Some(origin) = origin {
            headers.extend(origin.attempt.map(|attempt| (ATTEMPT, attempt)));
            headers.extend(origin.caller.map(|caller| (CALLER, caller)));
        }
    }
}

/// The value of [`SERVER_TIMING`]: milliseconds, to the hundredth. (As whole numbers, and without
/// `format!`: each takes longer than all other headers together.)
fn timing(duration: Duration) -> String {
    let hundredths = (duration.as_micros() + 5) / 10;
    let mut text = String::with_capacity(24);
    text.push_str("app;dur=");
    text.push_str(itoa::Buffer::new().format(hundredths / 100));
    text.push_str(if hundredths % 100 < 10 { ".0" } else { "." });
    text.push_str(itoa::Buffer::new().format(hundredths % 100));
    text
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
    fn timing_is_in_milliseconds_rounded_to_hundredths() {
        for (microseconds, expected) in [
            (0, "app;dur=0.00"),
            (4, "app;dur=0.00"),
            (5, "app;dur=0.01"),
            (1_995, "app;dur=2.00"),
            (1_500_049, "app;dur=1500.05"),
        ] {
            assert_eq!(timing(Duration::from_micros(microseconds)), expected);
        }
    }

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
