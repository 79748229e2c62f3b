//! Error answers of the APIs: `application/problem+json`
//! ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What went wrong, in words for the caller; never internals.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The HTTP status code.
    #[serde(serialize_with = "number")]
    #[cfg_attr(feature = "openapi", schema(value_type = u16, minimum = 400, maximum = 599))]
    status: StatusCode,
    /// The kind of problem, the same for each of its kind.
    title: String,
    /// This problem: what was wrong, and what is allowed.
    detail: String,
    /// `false` when it is certain that the request changed nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    /// The trace of the request: 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

#[derive(Serialize)]
struct Extended<M> {
    #[serde(flatten)]
    problem: Problem,
    #[serde(flatten)]
    members: M,
}

impl Problem {
    /// A problem with the status's own name as its title.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            title: status.canonical_reason().unwrap_or("Unknown").into(),
            detail: detail.into(),
            changed: None,
            trace_id: None,
        }
    }

    /// The same, with the promise that the request changed nothing.
    #[must_use]
    pub fn unchanged(self) -> Self {
        let changed = Some(false);
        Self { changed, ..self }
    }

    /// The same, with the id of the request's trace.
    pub(crate) fn of_trace(self, trace_id: Option<String>) -> Self {
        Self { trace_id, ..self }
    }

    /// 500: the log names the cause, the answer does not.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here. The log of this service says what.",
        )
    }

    /// 503: worth trying again in a second.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    /// 405: the router adds the `allow` header.
    pub(crate) fn not_allowed() -> Self {
        let detail = "This path takes only the methods of the `allow` header.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// The kind of problem, in a few words.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// What was wrong, and what is allowed.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The answer, with further members beside those of the standard (section 3.2). No layer adds to
    /// it: the id of the trace must be among the members.
    pub fn with(self, members: impl Serialize) -> Response {
        let problem = self;
        answer(problem.status, &Extended { problem, members })
    }
}

/// The answer also has the problem among its extensions, for layers that add to the problem or show
/// it in another form.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = answer(self.status, &self);
        response.extensions_mut().insert(self);
        response
    }
}

fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, axum::Json(body)).into_response();
    let headers = response.headers_mut();
    let problem = HeaderValue::from_static(MEDIA_TYPE);
    headers.insert(header::CONTENT_TYPE, problem);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}
