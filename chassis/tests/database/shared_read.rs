//! What readers who share a query can rely on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use chassis::{Database, DatabaseError, DatabaseSettings, ServiceCommand, SharedRead};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use testkit::database::{TestDatabase, api_flags};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How many connections a pool has.
const CONNECTIONS: usize = 8;
/// Waits while somebody holds the lock 1.
const LOCKED: &str = "SELECT 0::bigint FROM pg_advisory_xact_lock_shared(1)";
const LEVEL: &str = "SELECT stock::bigint FROM public.products WHERE id = 1";

/// A read of a database, and how often it asked.
struct Counted {
    read: SharedRead<i64>,
    queries: Arc<AtomicUsize>,
}

impl Counted {
    /// Reads with `query`.
    fn new(database: &TestDatabase, query: &'static str) -> Self {
        Self::alternating(database, &[], move || query)
    }

    /// Reads with what `query` returns each time, with further `flags`.
    fn alternating(
        database: &TestDatabase,
        flags: &[&str],
        query: impl Fn() -> &'static str + Send + Sync + 'static,
    ) -> Self {
        let flags = api_flags(&database.shop.stock_url, flags);
        let command = ServiceCommand::<DatabaseSettings>::parse("test", flags);
        let settings = command.unwrap_or_else(|error| panic!("{error}")).service;
        let pool = Database::new("test", &settings, &[]).unwrap();
        let queries = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&queries);
        let read = SharedRead::new(pool, "SELECT products", move |connection| {
            count.fetch_add(1, Ordering::SeqCst);
            Box::pin(sqlx::query_scalar(query()).fetch_one(connection))
        });
        Self { read, queries }
    }

    /// Waits until it has asked that often.
    async fn asked(&self, times: usize) {
        let asked = async {
            while self.queries.load(Ordering::SeqCst) < times {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let asked = timeout(Duration::from_secs(30), asked).await;
        asked.unwrap_or_else(|_| panic!("{:?} queries of {times} in 30 s", self.queries));
    }

    /// Begins a read; whoever begins one before the first connection is open shares its query.
    async fn begin(self: &Arc<Self>) -> Reader {
        let counted = Arc::clone(self);
        let mut reader: Reader = Box::pin(async move { counted.read.get().await });
        assert!(timeout(Duration::ZERO, &mut reader).await.is_err());
        reader
    }
}

type Reader = Pin<Box<dyn Future<Output = Result<i64, DatabaseError>> + Send>>;

/// Takes the lock for which [`LOCKED`] waits.
async fn lock(database: &TestDatabase) -> PgConnection {
    let mut holder = database.superuser().await;
    holder.execute("SELECT pg_advisory_lock(1)").await.unwrap();
    holder
}

async fn unlock(holder: &mut PgConnection) {
    holder
        .execute("SELECT pg_advisory_unlock(1)")
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_is_never_older_than_its_question() {
    let database = TestDatabase::new().await;
    let counted = Arc::new(Counted::new(&database, LEVEL));
    let (written, done) = (
        Arc::new(AtomicI64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let mut readers = JoinSet::new();
    for _ in 0..64 {
        let (counted, written) = (Arc::clone(&counted), Arc::clone(&written));
        let done = Arc::clone(&done);
        readers.spawn(async move {
            let mut reads = 0;
            while !done.load(Ordering::SeqCst) {
                let least = written.load(Ordering::SeqCst);
                let level = counted.read.get().await.unwrap();
                assert!(level >= least, "{level} after {least} was written");
                reads += 1;
            }
            reads
        });
    }
    let mut writer = database.superuser().await;
    for level in 1..=500_i64 {
        let write = sqlx::query("UPDATE public.products SET stock = $1 WHERE id = 1").bind(level);
        write.execute(&mut writer).await.unwrap();
        written.store(level, Ordering::SeqCst);
    }
    done.store(true, Ordering::SeqCst);
    let reads: usize = readers.join_all().await.into_iter().sum();
    let queries = counted.queries.load(Ordering::SeqCst);
    assert!(queries < reads, "{queries} queries for {reads} reads");
}

#[tokio::test]
async fn readers_who_would_wait_for_a_connection_share_one_query() {
    let database = TestDatabase::new().await;
    let mut holder = lock(&database).await;
    let counted = Arc::new(Counted::new(&database, LOCKED));
    let mut readers = JoinSet::new();
    let read = |counted: Arc<Counted>| async move { counted.read.get().await };
    for busy in 1..=CONNECTIONS {
        readers.spawn(read(Arc::clone(&counted)));
        counted.asked(busy).await; // a query each, while there are connections
    }
    for _ in 0..100 {
        readers.spawn(counted.begin().await);
    }
    unlock(&mut holder).await;
    assert!(readers.join_all().await.iter().all(Result::is_ok));
    assert_eq!(counted.queries.load(Ordering::SeqCst), CONNECTIONS + 1);
}

#[tokio::test]
async fn caller_that_hangs_up_costs_the_others_no_answer() {
    let database = TestDatabase::new().await;
    let mut holder = lock(&database).await;
    let counted = Arc::new(Counted::new(&database, LOCKED));
    let (mut first, second) = (counted.begin().await, counted.begin().await);
    tokio::select! {
        _ = &mut first => panic!("the lock is held"),
        () = counted.asked(1) => {}
    }
    drop(first);
    let unlocked = async {
        counted.asked(2).await;
        unlock(&mut holder).await;
    };
    let (answer, ()) = tokio::join!(second, unlocked);
    assert_eq!(answer.unwrap(), 0);
}

#[tokio::test]
async fn failure_is_that_of_all_who_shared_the_query_and_of_nobody_later() {
    let database = TestDatabase::new().await;
    let fails = AtomicBool::new(true);
    let counted = Arc::new(Counted::alternating(&database, &[], move || {
        if fails.swap(false, Ordering::SeqCst) {
            "SELECT 1 / 0::bigint"
        } else {
            LEVEL
        }
    }));
    let (a, b, c) = (
        counted.begin().await,
        counted.begin().await,
        counted.begin().await,
    );
    for answer in <[_; 3]>::from(tokio::join!(a, b, c)) {
        assert!(
            matches!(answer, Err(DatabaseError::Refused(_))),
            "{answer:?}"
        );
    }
    assert_eq!(counted.read.get().await.unwrap(), 600);
    assert_eq!(counted.queries.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn connection_that_dies_costs_no_reader_an_answer() {
    let database = TestDatabase::new().await;
    let mut holder = lock(&database).await;
    let counted = Arc::new(Counted::new(&database, LOCKED));
    let (a, b) = (counted.begin().await, counted.begin().await);
    let dying = async {
        counted.asked(1).await;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE usename = 'stock_api' AND datname = current_database()";
        database.superuser().await.execute(end).await.unwrap();
        counted.asked(2).await;
        unlock(&mut holder).await;
    };
    let (a, b, ()) = tokio::join!(a, b, dying);
    assert_eq!((a.unwrap(), b.unwrap()), (0, 0));
}

#[tokio::test]
async fn reader_that_gets_no_connection_fails_nobody_who_comes_later() {
    let database = TestDatabase::new().await;
    let mut superuser = database.superuser().await;
    let name: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&mut superuser)
        .await
        .unwrap();
    let limit = |limit: i64| format!("ALTER DATABASE {name:?} CONNECTION LIMIT {limit}");
    let nobody = AssertSqlSafe(limit(0));
    superuser.execute(nobody).await.unwrap();
    let flags = ["--database-timeout=0.2"];
    let counted = Arc::new(Counted::alternating(&database, &flags, || LEVEL));
    let (a, b) = (counted.begin().await, counted.begin().await);
    for answer in <[_; 2]>::from(tokio::join!(a, b)) {
        assert!(
            matches!(answer, Err(DatabaseError::Unavailable(_))),
            "{answer:?}"
        );
    }
    let everybody = AssertSqlSafe(limit(-1));
    superuser.execute(everybody).await.unwrap();
    let answered = async {
        loop {
            if let Ok(level) = counted.read.get().await {
                return level;
            }
            tokio::task::yield_now().await;
        }
    };
    let answered = timeout(Duration::from_secs(30), answered).await;
    assert_eq!(answered.expect("an answer again"), 600);
}
