//! Why a request fails, how it is answered, and what `/openapi.json` says about that.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chassis::{DatabaseError, Problem};
use utoipa::IntoResponses;
use utoipa::openapi::{self, RefOr};

/// Why a request fails; the text is for the caller.
///
/// An id that is no whole number never reaches a handler: `chassis::Path` refuses it with 400.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// 404: there is no such product.
    #[error("There is no product {0}.")]
    NoProduct(i64),
    /// 503: the database is not available now. 500: it refused the statement.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let problem = match &self {
            Self::NoProduct(_) => Problem::new(StatusCode::NOT_FOUND, self.to_string()),
            Self::Database(error) => error.into(),
        };
        problem.into_response()
    }
}

type Answer = (&'static str, &'static str);

const NO_NUMBER: Answer = ("400", "The id is no whole number");
const NO_PRODUCT: Answer = ("404", "There is no such product");
const NO_DATABASE: Answer = ("503", "The database is not available now");

/// How a request for the list fails.
pub(crate) struct ListErrors;

impl IntoResponses for ListErrors {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Problem::responses([NO_DATABASE])
    }
}

/// How a request for one product fails.
pub(crate) struct ProductErrors;

impl IntoResponses for ProductErrors {
    fn responses() -> BTreeMap<String, RefOr<openapi::Response>> {
        Problem::responses([NO_NUMBER, NO_PRODUCT, NO_DATABASE])
    }
}
