//! Why a request fails, how it is answered, and what `/openapi.json` says about that.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::{DatabaseError, Problem};
use tokio::task::JoinError;
use utoipa::IntoResponses;
use utoipa::openapi::{self, RefOr};

/// Why a request fails; the text is for the caller.
///
/// A path or a body that cannot be read never reaches a handler: `chassis::Path` and
/// `chassis::Json` refuse it with 400, 413, 415 or 422.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 404: there is no such product.
    #[error("There is no product {0}.")]
    NoProduct(i64),
    /// 409: fewer are left than are wanted; none was sold.
    #[error("{wanted} wanted, {left} left; none was sold.")]
    TooFew {
        /// How many the caller wants to buy.
        wanted: i64,
        /// How many there are.
        left: i64,
    },
    /// 503: the database is not available now. 500: it refused the statement.
    #[error(transparent)]
    Read(DatabaseError),
    /// 503 and 500: as for a read, and nothing was changed. 504: the database did not say whether
    /// it made the change.
    #[error(transparent)]
    Change(DatabaseError),
    /// 500: a change panicked. Whether it was made is unknown.
    #[error("a write panicked: {0}")]
    Panicked(#[from] JoinError),
    /// The error of another reader, whose query this one waited for.
    #[error(transparent)]
    Shared(#[from] Arc<Self>),
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        match error {
            Error::NoProduct(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            Error::TooFew { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
            Error::Change(error) if error.changed_nothing() => Self::from(error).unchanged(),
            Error::Read(error) | Error::Change(error) => error.into(),
            Error::Panicked(_) => {
                tracing::error!("{error}");
                Self::internal()
            }
            Error::Shared(error) => Self::from(&**error),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}

type Answer = (&'static str, &'static str);

const NO_NUMBER: Answer = ("400", "The id is no whole number");
const NO_PRODUCT: Answer = ("404", "There is no such product");
const TOO_FEW: Answer = ("409", "Fewer are left; none was sold");
const NOT_CHANGED: Answer = ("4XX", "Nothing was changed");
const NO_DATABASE: Answer = ("503", "The database is not available now");
const NO_CHANGE: Answer = (
    "503",
    "The database is not available now; nothing was changed",
);
const UNKNOWN: Answer = ("504", "The database did not say whether it made the change");

/// How a read fails.
pub(crate) struct ReadErrors;

impl IntoResponses for ReadErrors {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Problem::responses([NO_NUMBER, NO_PRODUCT, NO_DATABASE])
    }
}

/// How a change fails.
pub(crate) struct ChangeErrors;

impl IntoResponses for ChangeErrors {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Problem::responses([NOT_CHANGED, NO_CHANGE, UNKNOWN])
    }
}

/// How a sale fails.
pub(crate) struct SaleErrors;

impl IntoResponses for SaleErrors {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Problem::responses([TOO_FEW, NOT_CHANGED, NO_CHANGE, UNKNOWN])
    }
}
