//! The body of an answer: JSON when the answer is a good one, else the beginning of a text.

use reqwest::Response;
use serde::de::DeserializeOwned;

use crate::client::error::CallError;

/// Enough for a list of 200,000 products; a longer answer is not read to its end.
const BODY_BYTES: usize = 16 * 1024 * 1024;
const EXCERPT_BYTES: usize = 1024;

/// The JSON of `response`.
pub(super) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, CallError> {
    let status = response.status();
    if !status.is_success() {
        let body = beginning(response, EXCERPT_BYTES).await.unwrap_or_default();
        return Err(CallError::Status(status, excerpt(&body)));
    }
    let body = beginning(response, BODY_BYTES + 1).await?;
    if body.len() > BODY_BYTES {
        return Err(CallError::Unreadable("it is longer than 16 MiB".into()));
    }
    serde_json::from_slice(&body).map_err(|error| {
        // serde's error quotes the whole value that it does not understand.
        CallError::Unreadable(excerpt(error.to_string().as_bytes()))
    })
}

/// The body's first `limit` bytes.
async fn beginning(mut response: Response, limit: usize) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while body.len() < limit
        && let Some(chunk) = response.chunk().await?
    {
        body.extend_from_slice(&chunk);
    }
    body.truncate(limit);
    Ok(body)
}

/// The first 400 characters, on one line: enough for a proxy's reason or a short
/// [`Problem`](crate::problem::Problem), without the control characters that a terminal would obey.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.trim().replace(char::is_control, " ");
    line.chars().take(400).collect()
}
