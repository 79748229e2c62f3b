//! Readers who ask at the same time share one query, and none gets an answer older than its
//! question.
//!
//! A reader joins the query that has not begun yet. That begins as soon as a connection is idle,
//! and whoever asks from then on joins the next one. So readers who would wait for a connection
//! one after the other wait together, and a reader that finds an idle one waits for nobody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::PgConnection;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::database::error::DatabaseError;
use crate::database::statement::Statement;
use crate::database::{Access, Database};

/// A statement that changes nothing and always has the same values, so that its answer can be
/// shared.
pub struct SharedRead<T> {
    database: Database,
    summary: &'static str,
    statement: Begin<T>,
    /// The query that has not begun yet.
    next: Mutex<Arc<Query<T>>>,
}

/// Begins the statement on a connection.
type Begin<T> = Box<dyn Fn(&mut PgConnection) -> Statement<'_, T> + Send + Sync>;

/// The outcome of a query, once there is one.
type Query<T> = OnceCell<Result<T, DatabaseError>>;

impl<T: Clone> SharedRead<T> {
    /// A read of `database` by `statement`; `summary` is as for [`Database::read`].
    pub fn new(
        database: Database,
        summary: &'static str,
        statement: impl Fn(&mut PgConnection) -> Statement<'_, T> + Send + Sync + 'static,
    ) -> Self {
        Self {
            database,
            summary,
            statement: Box::new(statement),
            next: Mutex::default(),
        }
    }

    /// What the database says, asked after the call of this function, within the time and with the
    /// span of a [`Database::read`]: whoever shares a query has a span of its own.
    ///
    /// # Errors
    /// See [`DatabaseError`]; whoever shares a query that has begun shares its failure.
    pub async fn get(&self) -> Result<T, DatabaseError> {
        let answer = async {
            let begun = Instant::now();
            let query = Arc::clone(&self.next());
            // The first reader runs the query for all. When it hangs up, or gets no connection in its
            // time, the next one runs it in its own.
            let outcome = query.get_or_try_init(|| self.run(&query, begun));
            outcome.await?.clone()
        };
        self.database.spanned(self.summary, answer).await
    }

    /// Runs `query` for a reader who asked at `begun`, and for all who asked after that.
    ///
    /// # Errors
    /// Why the query did not begin: this concerns its reader alone, and others still join.
    async fn run(
        &self,
        query: &Arc<Query<T>>,
        begun: Instant,
    ) -> Result<Result<T, DatabaseError>, DatabaseError> {
        // The reader who ran it hung up, late. A read may take twice the timeout: for a connection, and
        // for its answer.
        if begun.elapsed() > 2 * self.database.timeout {
            let late = "another reader waited for it in vain";
            return Err(DatabaseError::Unavailable(late.to_owned()));
        }
        let outcome = self.database.repeated(Access::Read, begun, |connection| {
            self.begin(query);
            (self.statement)(connection)
        });
        match outcome.await {
            Err(error) if Arc::ptr_eq(&self.next(), query) => Err(error),
            outcome => Ok(outcome),
        }
    }

    /// From now on nobody joins `query`.
    fn begin(&self, query: &Arc<Query<T>>) {
        let mut next = self.next();
        if Arc::ptr_eq(&next, query) {
            *next = Arc::default();
        }
    }

    fn next(&self) -> MutexGuard<'_, Arc<Query<T>>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
