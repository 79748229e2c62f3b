//! Answers that are problems (RFC 9457).

use reqwest::{Response, StatusCode};
use serde_json::Value;

/// Asserts that an answer is a problem with `status`, and returns its detail.
///
/// # Panics
/// When the answer is something else.
pub async fn problem(response: Response, status: StatusCode) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status.as_u16());
    problem["detail"].as_str().expect("a detail").to_owned()
}
