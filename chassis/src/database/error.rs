//! Why the database gave no result, and what answers the caller.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;

use crate::problem::Problem;

/// Why the database gave no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DatabaseError {
    /// There was no connection or no answer to a read, or the database cannot do it now; nothing
    /// was changed.
    #[error("the database gave no answer: {0}")]
    Unavailable(String),
    /// A change was sent, and no answer came: it may have been made.
    #[error("the database did not say whether it made a change: {0}")]
    Unknown(String),
    /// The statement does not fit the database; nothing was changed.
    #[error("the database refused a statement: {0}")]
    Refused(Arc<sqlx::Error>),
    /// A change was made, and its answer cannot be read.
    #[error("the database's answer to a change does not fit: {0}")]
    Unreadable(Arc<sqlx::Error>),
}

impl DatabaseError {
    /// Whether it is certain that nothing was changed.
    pub fn changed_nothing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Refused(_))
    }

    /// The `SQLSTATE` with which the server refused the statement.
    pub(super) fn sqlstate(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Refused(error) => error.as_database_error()?.code(),
            _ => None,
        }
    }

    /// `SQLSTATE`, or a word for why there is none.
    pub(super) fn code(&self) -> Cow<'_, str> {
        match self {
            Self::Refused(_) | Self::Unreadable(_) => self.sqlstate().unwrap_or("refused".into()),
            Self::Unavailable(_) | Self::Unknown(_) => "unavailable".into(),
        }
    }
}

impl From<&DatabaseError> for Problem {
    fn from(error: &DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_) => {
                tracing::warn!("{error}");
                Self::unavailable("The database is not available now. Try again in a moment.")
            }
            DatabaseError::Unknown(_) => {
                tracing::warn!("{error}");
                let detail =
                    "The database did not answer in time. Whether the change was made is unknown.";
                Self::new(StatusCode::GATEWAY_TIMEOUT, detail)
            }
            DatabaseError::Refused(_) | DatabaseError::Unreadable(_) => {
                tracing::error!("{error}");
                Self::internal()
            }
        }
    }
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        Self::from(&error)
    }
}
