//! The client span of a statement.
//!
//! Attributes follow OpenTelemetry's semantic conventions for databases
//! (<https://opentelemetry.io/docs/specs/semconv/database/database-spans/>).

use std::sync::Arc;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{KeyValue, StringValue};
use sqlx::postgres::PgConnectOptions;

use crate::database::Database;
use crate::database::error::DatabaseError;
use crate::telemetry::span::{client_span, failed};

/// What the spans of all statements have in common: which database it is.
pub(super) fn common_attributes(options: &PgConnectOptions) -> Arc<[KeyValue]> {
    let shared = |text: &str| StringValue::from(Arc::<str>::from(text));
    let mut attributes = vec![
        KeyValue::new("db.system.name", "postgresql"),
        KeyValue::new("server.address", shared(options.get_host())),
        KeyValue::new("server.port", i64::from(options.get_port())),
    ];
    let name = options.get_database();
    attributes.extend(name.map(|name| KeyValue::new("db.namespace", shared(name))));
    attributes.into()
}

impl Database {
    /// Does `work` for the time of a client span; `summary` is the operation and the table, such as
    /// `SELECT products`.
    pub(super) async fn spanned<T>(
        &self,
        summary: &'static str,
        work: impl Future<Output = Result<T, DatabaseError>>,
    ) -> Result<T, DatabaseError> {
        // Not the current span of `work`, which has no spans and writes no log lines of its own.
        let context = client_span(summary, || self.attributes(summary));
        let result = work.await;
        if let Err(error) = &result {
            if let Some(code) = error.sqlstate() {
                let code = KeyValue::new("db.response.status_code", code.into_owned());
                context.span().set_attribute(code);
            }
            failed(&context, error.code().into_owned(), error.to_string());
        }
        result
    }

    fn attributes(&self, summary: &'static str) -> Vec<KeyValue> {
        let (operation, table) = summary.split_once(' ').unwrap_or((summary, ""));
        let mut attributes = Vec::with_capacity(9); // two more when it fails
        attributes.extend_from_slice(&self.attributes);
        attributes.push(KeyValue::new("db.query.summary", summary));
        attributes.push(KeyValue::new("db.operation.name", operation));
        attributes.push(KeyValue::new("db.collection.name", table));
        attributes
    }
}
