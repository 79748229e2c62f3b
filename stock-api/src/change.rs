//! Changes of the stock: each runs to its end, and the cache forgets what was before.

use tracing::Instrument;

use crate::cache::Cache;
use crate::error::Error;

/// Runs a `change` of product `id` to its end, even when its caller hangs up, and has `cache`
/// forget the level that was before.
pub(crate) async fn run_to_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
    cache: Cache,
    id: i64,
) -> Result<T, Error> {
    // hyper drops a handler whose caller hangs up. A change in the handler's own future would then
    // end anywhere: made in the database, while the cache still tells what was before. A task of
    // its own goes on. (A process that is killed takes its cache with it, so that needs no care.)
    let change = async move {
        let result = change.await;
        // After a failure, too: it may have been made.
        cache.forget(id);
        result
    };
    tokio::spawn(change.in_current_span()).await?
}
