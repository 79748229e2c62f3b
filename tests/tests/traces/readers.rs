//! What traces show of readers who share a query.

use std::time::Duration;

use sqlx::Executor;
use testkit::database::TestDatabase;
use testkit::process::ServiceProcess;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::PROGRAM;
use crate::collector::Collector;

const READERS: usize = 40;
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
     WHERE wait_event_type = 'Lock' AND datname = current_database()";

#[test]
fn each_reader_of_a_shared_query_has_a_span_of_it() {
    let (runtime, collector) = (Runtime::new().unwrap(), Collector::start());
    let database = runtime.block_on(TestDatabase::new());
    let mut api = ServiceProcess::start(
        ServiceProcess::command(PROGRAM, "products-api")
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)
            .env("DATABASE_URL", &database.shop.products_url),
    );
    let url = format!("http://127.0.0.1:{}/products", api.port);
    runtime.block_on(async {
        let mut holder = database.superuser().await;
        let lock = "BEGIN; LOCK TABLE public.products";
        holder.execute(sqlx::raw_sql(lock)).await.unwrap();
        let readers: JoinSet<_> = (0..READERS).map(|_| reqwest::get(url.clone())).collect();
        let mut watcher = database.superuser().await;
        let mut waiting = async || {
            sqlx::query_scalar::<_, i64>(WAITING)
                .fetch_one(&mut watcher)
                .await
        };
        // All connections of the service: who comes now joins the next query.
        let full = async { while waiting().await.unwrap() < 8 {} };
        timeout(Duration::from_secs(30), full)
            .await
            .expect("8 waiting sessions");
        holder.execute("COMMIT").await.unwrap();
        let answers = readers.join_all().await.into_iter();
        assert!(
            answers
                .map(Result::unwrap)
                .all(|answer| answer.status() == 200)
        );
    });
    api.stop();
    let tree = "products-api GET /products\n  products-api SELECT products\n";
    assert_eq!(collector.trees(), [tree; READERS]);
}
