//! Adds the id of the trace to each [`Problem`], so that its reader can find what led to it.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::telemetry::ids::trace_id;

/// Writes the problem of an answer again, with the id of its trace; to be called within the span of
/// the request.
pub(super) fn name_trace(mut response: Response) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let named = problem.of_trace(trace_id()).into_response();
    let (mut head, _) = response.into_parts();
    // These described the old body.
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_ENCODING);
    Response::from_parts(head, named.into_body())
}
