//! Stock levels read lately: one query for any number of readers, and never a value from before a
//! write of this process.
//!
//! A read that began before a write may end after the write, with the old value. Therefore a level
//! is cached under its product *and* a generation. A write ends the generation, and nobody ever
//! looks at what a late read stores under the old one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// With more products than this, some share a generation: a write to one then costs the other one a
/// query.
const GENERATIONS: usize = 64;
const LEVELS: u64 = 10_000;

/// The cached levels of one process. (Each request clones it, and a clone of moka's cache is one of
/// all its parts.)
#[derive(Clone)]
pub struct Cache(Arc<Levels>);

struct Levels {
    cached: moka::future::Cache<(i64, u64), Reading>,
    generations: [AtomicU64; GENERATIONS],
}

/// How many of a product are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// The number left.
    pub stock: i64,
    /// Whether the number was cached before the caller asked.
    pub is_cached: bool,
}

/// What a query returned, and when.
#[derive(Clone, Copy)]
struct Reading {
    stock: i64,
    at: Instant,
}

impl Cache {
    /// A cache whose levels are at most `expiry` old.
    pub fn new(expiry: Duration) -> Self {
        Self(Arc::new(Levels {
            cached: moka::future::Cache::builder()
                .max_capacity(LEVELS)
                .time_to_live(expiry)
                .build(),
            generations: [const { AtomicU64::new(0) }; GENERATIONS],
        }))
    }

    /// The level of product `id`: cached, or read by `query`, which runs once for all who ask while
    /// it runs.
    ///
    /// # Errors
    /// The error of `query`; it is not cached.
    pub async fn level<E>(
        &self,
        id: i64,
        query: impl Future<Output = Result<i64, E>>,
    ) -> Result<StockLevel, Arc<E>>
    where
        E: Send + Sync + 'static,
    {
        let begun = Instant::now();
        let read = async {
            let stock = query.await?;
            let at = Instant::now();
            Ok(Reading { stock, at })
        };
        let Reading { stock, at } = self.0.cached.try_get_with(self.key(id), read).await?;
        // moka's `Entry::is_fresh` is also false for callers who waited for another one's query.
        // Their level was read while they waited, so it is no hit.
        let is_cached = at < begun;
        Ok(StockLevel { stock, is_cached })
    }

    /// Forgets the level of product `id`; to be called after a write, before its answer.
    pub fn forget(&self, id: i64) {
        self.generation(id).fetch_add(1, Ordering::AcqRel);
    }

    fn key(&self, id: i64) -> (i64, u64) {
        (id, self.generation(id).load(Ordering::Acquire))
    }

    fn generation(&self, id: i64) -> &AtomicU64 {
        let slot = id.unsigned_abs() % GENERATIONS as u64;
        &self.0.generations[usize::try_from(slot).unwrap_or_default()]
    }
}
