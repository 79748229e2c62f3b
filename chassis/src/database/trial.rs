//! Whether the database answers the service's statements in time, tried before the first request.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::database::Database;
use crate::database::connector::CONNECT_TIMEOUT;
use crate::database::lease::{Failure, Lease};
use crate::database::sqlstate::Meaning;
use crate::readiness::Readiness;

impl Database {
    /// Ready once all trials have succeeded in time, each on several connections. Without this, the
    /// first callers of a new pod would have to open the connections, within a deadline that is
    /// meant for statements. Until then the log and `readiness` say what is wrong.
    pub async fn until_it_answers(self, readiness: Readiness) {
        while let Err(reason) = self.try_out().await {
            tracing::warn!("not ready: {reason}");
            readiness.not_ready_because(reason);
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Runs the trials on one connection, and then on half of the pool's, all held at once.
    async fn try_out(&self) -> Result<(), String> {
        let take = async || {
            let deadline = Instant::now() + CONNECT_TIMEOUT;
            let session = self.pool.take(deadline).await?;
            Ok::<_, String>(Lease::new(&self.pool, session, CONNECT_TIMEOUT))
        };
        // Most of a start's work is hashing the password for each login. So one comes first, and
        // serves whoever asks already.
        self.try_on(&mut take().await?).await?;
        let (mut a, mut b, mut c, mut d) = tokio::try_join!(take(), take(), take(), take())?;
        let distinct = a.differs_from(&mut b).await;
        distinct.map_err(|error| error.to_string())?;
        let tried = tokio::try_join!(
            self.try_on(&mut a),
            self.try_on(&mut b),
            self.try_on(&mut c),
            self.try_on(&mut d)
        );
        tried.map(|_| ())
    }

    async fn try_on(&self, lease: &mut Lease<'_>) -> Result<(), String> {
        for trial in self.pool.trials() {
            let begun = Instant::now();
            let outcome = lease.run(trial).await;
            outcome.map_err(|failure| reason(&failure))?;
            let (took, most) = (begun.elapsed().as_secs_f64(), self.timeout.as_secs_f64());
            if took > most {
                return Err(format!(
                    "the database took {took:.2} s for an answer, and DATABASE_TIMEOUT_SECONDS allows \
                     {most} s: raise it"
                ));
            }
        }
        Ok(())
    }
}

/// Why a trial failed.
fn reason(failure: &Failure) -> String {
    match failure.meaning {
        Meaning::ReadOnly => format!(
            "{}: a standby only reads, and DATABASE_URL must lead to the primary",
            failure.error
        ),
        _ => failure.error.to_string(),
    }
}
