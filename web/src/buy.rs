//! `POST /buy/{id}`: sells one. The page's script gets JSON, a plain form a redirect to the page.

use std::time::Instant;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chassis::{CallError, Forwarded};
use serde::{Deserialize, Serialize};

use crate::Storefront;
use crate::availability::Availability;
use crate::finding::{Cause, Finding};
use crate::page::wants_json;
use crate::shop::Stock;
use crate::xray::Hop;

/// How a Buy ended.
#[derive(Clone, Copy)]
pub(crate) enum Outcome {
    Sold,
    SoldOut,
    Refused,
    NotFound,
    Failed,
    NotMade,
    Unknown,
}

#[derive(Serialize)]
struct Answer {
    outcome: &'static str,
    /// File names stand between backquotes.
    message: String,
    product: Option<Left>,
    /// What the sale met; absent when nothing was asked.
    call: Option<Hop>,
    trace_id: Option<String>,
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
    forwarded: Forwarded,
) -> Response {
    let sale = match id.parse() {
        Ok(id) => Sale::make(&storefront, &forwarded, id).await,
        Err(_) => Sale::none(),
    };
    let outcome = sale.outcome;
    if wants_json(&headers) {
        (outcome.status(), Json(sale.answer())).into_response()
    } else {
        Redirect::to(&format!("/?buy={}", outcome.name())).into_response()
    }
}

/// A try to sell one.
struct Sale {
    outcome: Outcome,
    product: Option<Left>,
    call: Option<Hop>,
}

impl Sale {
    /// Of something that is no product.
    fn none() -> Self {
        Self {
            outcome: Outcome::NotFound,
            product: None,
            call: None,
        }
    }

    async fn make(storefront: &Storefront, forwarded: &Forwarded, id: i64) -> Self {
        let path = format!("/stock/{id}/sales");
        let body = serde_json::json!({ "quantity": 1 });
        let begun = Instant::now();
        let answer = storefront
            .stock
            .post::<Stock>(&path, forwarded, &body)
            .await;
        let (call, result) = Hop::of(answer, begun);
        let (outcome, left) = match result {
            Ok(answer) => (Outcome::Sold, Some(answer.stock)),
            Err(error) => Outcome::of(&error, call.finding.as_ref()),
        };
        let product = left.map(|stock| Left {
            id,
            stock,
            availability: Availability::of(left),
        });
        Self {
            outcome,
            product,
            call: Some(call),
        }
    }

    fn answer(self) -> Answer {
        let finding = self.call.as_ref().and_then(|call| call.finding.as_ref());
        let message = self.outcome.message();
        let message = match finding {
            Some(Finding { title, text, .. }) => format!("{message} {title}: {text}"),
            None => message.to_owned(),
        };
        Answer {
            outcome: self.outcome.name(),
            message,
            product: self.product,
            call: self.call,
            trace_id: chassis::trace_id(),
        }
    }
}

impl Outcome {
    const ALL: [Self; 7] = [
        Self::Sold,
        Self::SoldOut,
        Self::Refused,
        Self::NotFound,
        Self::Failed,
        Self::NotMade,
        Self::Unknown,
    ];

    /// Of a sale that ended in `error`, and how many are left, as far as it told.
    fn of(error: &CallError, finding: Option<&Finding>) -> (Self, Option<i64>) {
        match (error, finding) {
            (CallError::Status(StatusCode::CONFLICT, _), None) => (Self::SoldOut, Some(0)),
            (CallError::Status(StatusCode::NOT_FOUND, _), None) => (Self::NotFound, None),
            (_, Some(finding)) if finding.cause == Cause::Refused => (Self::Refused, None),
            (_, Some(finding)) if finding.cause.is_before_the_service() => (Self::Failed, None),
            (CallError::Status(_, body), Some(finding))
                if finding.cause == Cause::ServiceError && changed_nothing(body) =>
            {
                (Self::NotMade, None)
            }
            _ => (Self::Unknown, None),
        }
    }

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
            Self::NotMade => "not_made",
            Self::Unknown => "unknown",
        }
    }

    /// What the customer reads.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Sold => "Sold: it is yours.",
            Self::SoldOut => "Somebody was faster: it is sold out.",
            Self::Refused => "A policy of the mesh refused it (403): nothing was sold.",
            Self::NotFound => "There is no such widget. Nothing was sold.",
            Self::Failed => "The sale did not reach the stock service: nothing was sold.",
            Self::NotMade => "The stock service could not make the sale: nothing was sold.",
            Self::Unknown => "No good answer: it may be sold or not. The availability will tell.",
        }
    }

    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Sold => "success",
            Self::SoldOut => "warning",
            Self::Refused | Self::NotFound | Self::Failed | Self::NotMade | Self::Unknown => {
                "failure"
            }
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Sold => StatusCode::OK,
            Self::SoldOut => StatusCode::CONFLICT,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Failed | Self::NotMade | Self::Unknown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Whether stock-api says in its problem answer that it changed nothing.
fn changed_nothing(body: &str) -> bool {
    #[derive(Deserialize)]
    struct Problem {
        changed: Option<bool>,
    }
    serde_json::from_str(body).is_ok_and(|problem: Problem| problem.changed == Some(false))
}
