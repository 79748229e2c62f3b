//! `POST /buy/{id}`: sells one. The page's script gets JSON, a plain form a redirect to the page.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use chassis::CallError;
use serde::Serialize;

use crate::Storefront;
use crate::availability::Availability;
use crate::shop::Stock;

/// How a Buy ended.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Sold,
    SoldOut,
    Refused,
    NotFound,
    Failed,
}

#[derive(Serialize)]
struct Answer {
    outcome: &'static str,
    message: &'static str,
    product: Option<Left>,
}

/// What is left of the product, as far as the sale told.
#[derive(Serialize)]
struct Left {
    id: i64,
    stock: i64,
    #[serde(flatten)]
    availability: Availability,
}

pub(crate) async fn buy(
    State(storefront): State<Storefront>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (outcome, product) = match id.parse() {
        Ok(id) => sell(&storefront, id).await,
        Err(_) => (Outcome::NotFound, None),
    };
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("application/json")) {
        let answer = Answer {
            outcome: outcome.name(),
            message: outcome.message(),
            product,
        };
        (outcome.status(), Json(answer)).into_response()
    } else {
        Redirect::to(&format!("/?buy={}", outcome.name())).into_response()
    }
}

async fn sell(storefront: &Storefront, id: i64) -> (Outcome, Option<Left>) {
    let path = format!("/stock/{id}/sales");
    let body = serde_json::json!({ "quantity": 1 });
    let answer = storefront.stock.post::<Stock>(&path, &body).await;
    let (outcome, left) = match answer.result {
        Ok(answer) => (Outcome::Sold, Some(answer.stock)),
        Err(CallError::Status(StatusCode::CONFLICT, _)) => (Outcome::SoldOut, Some(0)),
        Err(CallError::Status(StatusCode::FORBIDDEN, _)) => (Outcome::Refused, None),
        Err(CallError::Status(StatusCode::NOT_FOUND, _)) => (Outcome::NotFound, None),
        Err(_) => (Outcome::Failed, None),
    };
    let product = left.map(|stock| Left {
        id,
        stock,
        availability: Availability::of(left),
    });
    (outcome, product)
}

impl Outcome {
    const ALL: [Self; 5] = [
        Self::Sold,
        Self::SoldOut,
        Self::Refused,
        Self::NotFound,
        Self::Failed,
    ];

    /// The outcome that [`Outcome::name`] gave `name`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sold => "sold",
            Self::SoldOut => "sold_out",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Failed => "failed",
        }
    }

    /// What the customer reads.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Sold => "Sold: it is yours.",
            Self::SoldOut => "Somebody was faster: it is sold out.",
            Self::Refused => "Refused by a policy of the mesh (403). Nothing was sold.",
            Self::NotFound => "There is no such widget. Nothing was sold.",
            Self::Failed => "The stock service did not answer. Nothing was sold as far as we know.",
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Sold => "success",
            Self::SoldOut => "warning",
            Self::Refused | Self::NotFound | Self::Failed => "failure",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Sold => StatusCode::OK,
            Self::SoldOut => StatusCode::CONFLICT,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Failed => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
