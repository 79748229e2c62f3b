//! How a Buy ended: read from stock-api's answer, and put into words for the customer.

use std::fmt;

use axum::http::StatusCode;
use chassis::CallError;
use serde::{Deserialize, Serialize};

use crate::contract::{Cause, Finding, SaleOutcome};
use crate::finding::allow_buy;
use crate::settings::Mesh;

impl SaleOutcome {
    /// The outcome of a sale that ended in `error`, which `finding` explains.
    pub(crate) fn of(error: &CallError, finding: Option<&Finding>) -> Self {
        match (error, finding) {
            (CallError::Status(StatusCode::CONFLICT, _), None) => Self::SoldOut,
            (CallError::Status(StatusCode::NOT_FOUND, _), None) => Self::NotFound,
            (_, Some(finding)) if finding.cause == Cause::Refused => Self::Refused,
            (_, Some(finding)) if finding.cause.is_before_the_service() => Self::Failed,
            (CallError::Status(_, body), Some(finding))
                if finding.cause == Cause::ServiceError && changed_nothing(body) =>
            {
                Self::NotMade
            }
            _ => Self::Unknown,
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

    /// The file that opens what refused it in a `mesh`. A program finds it in the call's [`Finding`], too.
    pub(crate) fn opened_by(self, mesh: Mesh) -> Option<&'static str> {
        (self == Self::Refused).then(|| allow_buy(mesh))
    }

    /// How the page shows the message.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Sold => "success",
            Self::SoldOut => "warning",
            Self::Refused | Self::NotFound | Self::Failed | Self::NotMade | Self::Unknown => {
                "failure"
            }
        }
    }

    /// The status that answers a program.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Sold => StatusCode::OK,
            Self::SoldOut => StatusCode::CONFLICT,
            Self::Refused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Failed | Self::NotMade | Self::Unknown => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// As in JSON, and in the address to which a Buy without scripts leads.
impl fmt::Display for SaleOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
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
