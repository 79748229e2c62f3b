//! Changes of the stock: each runs to its end, and then the cache forgets the old level.

use tracing::Instrument;

use crate::cache::Cache;
use crate::error::Error;

/// Runs a `change` of product `id` to its end, even when its caller hangs up, and makes `cache`
/// forget the old level.
pub(crate) async fn run_to_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
    cache: Cache,
    id: i64,
) -> Result<T, Error> {
    // hyper drops a handler whose caller hangs up. A change in the handler's own future could then
    // end anywhere: made in the database, but with the old level still in the cache. A separate
    // task goes on. (A process that is killed loses its cache, too.)
    let change = async move {
        let result = change.await;
        // After a failure, too: the change may have been made.
        cache.forget(id);
        result
    };
    tokio::spawn(change.in_current_span()).await?
}
