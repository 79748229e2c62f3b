//! A call of one of the APIs or of the supplier, made for a page, as the page shows it.

use std::time::Instant;

use chassis::{Answer, CallError};

use crate::contract::{Cause, Finding, SUPPLIER, UpstreamCall};
use crate::finding;
use crate::settings::Mesh;

impl UpstreamCall {
    /// The call of `answer`, made in a `mesh` for a page whose work began at `page`, and what was
    /// answered.
    pub(crate) fn of<T>(
        answer: Answer<T>,
        page: Instant,
        mesh: Mesh,
    ) -> (Self, Result<T, CallError>) {
        let finding = finding::of(&answer.call, answer.result.as_ref().err(), mesh);
        Self::explained(answer, page, finding)
    }

    /// The same for an answer of the supplier; web `has_sidecar` when others came through one.
    pub(super) fn of_supplier<T>(
        answer: Answer<T>,
        page: Instant,
        has_sidecar: bool,
    ) -> (Self, Result<T, CallError>) {
        let error = answer.result.as_ref().err();
        let finding = finding::of_supplier(&answer.call, error, has_sidecar);
        Self::explained(answer, page, finding)
    }

    fn explained<T>(
        answer: Answer<T>,
        page: Instant,
        finding: Option<Finding>,
    ) -> (Self, Result<T, CallError>) {
        let Answer { result, call } = answer;
        let starts = call.begun.saturating_duration_since(page);
        let call = Self {
            finding,
            starts_ms: chassis::milliseconds(starts),
            service: call.service.to_owned(),
            method: call.method.as_str().to_owned(),
            path: call.path,
            status: call.status,
            error: call.error,
            latency_ms: call.latency_ms,
            upstream_ms: call.upstream_ms,
            service_ms: call.service_ms,
            version: call.version,
            pod: call.pod,
            attempt: call.attempt,
            caller: call.caller,
            cached: call.cached,
        };
        (call, result)
    }

    /// When it ended, from the beginning of the page's work.
    pub(crate) fn ends_ms(&self) -> f64 {
        self.starts_ms + self.latency_ms
    }

    /// Who answered, as far as is known: the version of a service, or somebody else.
    pub(crate) fn answerer(&self) -> &str {
        match &self.version {
            Some(version) => version,
            None if self.is_answered_by_the_supplier() => "the supplier",
            None => "a proxy",
        }
    }

    fn is_answered_by_the_supplier(&self) -> bool {
        let cause = self.finding.as_ref().map(|finding| finding.cause);
        let is_own = matches!(cause, None | Some(Cause::ServiceError | Cause::Unreadable));
        self.service == SUPPLIER && is_own
    }

    /// How often web's proxy tried; only the called service knows.
    pub(crate) fn tries(&self) -> &str {
        match (&self.attempt, &self.version) {
            (Some(attempt), _) => attempt,
            (None, Some(_)) => "1",
            (None, None) => "unknown",
        }
    }
}
