//! Why a call gave no answer that can be used.

use std::borrow::Cow;

use axum::http::StatusCode;

use crate::cause::innermost;

/// Why a call gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nothing came within the deadline.
    #[error("no answer in time")]
    Timeout,
    /// No connection: nothing was asked.
    #[error("no connection: {0}")]
    Unreachable(String),
    /// The connection broke: what was asked may have been done.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// An answer other than 2xx; the text is the beginning of its body.
    #[error("status {0}: {1}")]
    Status(StatusCode, String),
    /// A 2xx whose body is not what was agreed.
    #[error("an answer that is not understood: {0}")]
    Unreadable(String),
}

impl CallError {
    /// Whether something went wrong, rather than the service saying "no such thing" or "too late".
    pub(super) fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::Status(StatusCode::NOT_FOUND | StatusCode::CONFLICT, _)
        )
    }

    /// The `error.type` of the call's span: the status, or one word.
    pub(super) fn kind(&self) -> Cow<'static, str> {
        match self {
            Self::Timeout => "timeout".into(),
            Self::Unreachable(_) => "unreachable".into(),
            Self::Broken(_) => "broken".into(),
            Self::Status(status, _) => status.as_str().to_owned().into(),
            Self::Unreadable(_) => "unreadable".into(),
        }
    }
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let cause = innermost(&error);
        if error.is_connect() {
            Self::Unreachable(cause.to_string())
        } else {
            Self::Broken(cause.to_string())
        }
    }
}
