//! A [`Problem`] as a page, for people.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chassis::Problem;

use super::frame::{Frame, render};
use crate::app_state::AppState;
use crate::visit::wants_json;

/// What was refused, or failed, in words.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    frame: Frame<'a>,
    title: &'a str,
    /// Code stands between backquotes.
    text: &'a str,
}

/// Middleware that answers a [`Problem`] as a page, unless a program asks.
pub(crate) async fn for_people(
    State(app): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Response {
    let is_program = request.uri().path().starts_with("/api/") || wants_json(request.headers());
    let mut response = next.run(request).await;
    if is_program {
        return response;
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let (title, text) = match response.status() {
        StatusCode::NOT_FOUND => (
            "There is nothing here",
            "The shop has one page, and it is not this one.",
        ),
        _ => (problem.title(), problem.detail()),
    };
    let frame = Frame::of(&app);
    let page = render(&ErrorPage { frame, title, text });
    // The rest of the head stays, such as `allow` and `retry-after`.
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_TYPE);
    (head, page).into_response()
}
