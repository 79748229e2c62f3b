//! What the program reads of its environment, and what it does not.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use testkit::database::TestDatabase;

/// What libpq's programs obey.
const HOSTILE: [(&str, &str); 9] = [
    ("PGHOST", "192.0.2.1"),
    ("PGHOSTADDR", "192.0.2.2"),
    ("PGPORT", "1"),
    ("PGUSER", "nobody"),
    ("PGPASSWORD", "wrong"),
    ("PGDATABASE", "nothing"),
    ("PGSSLMODE", "require"),
    ("PGOPTIONS", "-c search_path=nowhere -c nonsense=1"),
    ("PGAPPNAME", "other"),
];

#[tokio::test]
async fn variables_of_libpq_change_nothing() {
    let database = TestDatabase::new().await;
    let mut process = Command::new(env!("CARGO_BIN_EXE_stock-api"))
        .args([
            "--listen-address=127.0.0.1",
            "--port=0",
            "--management-port=0",
        ])
        .env("DATABASE_URL", &database.shop.stock_url)
        .env("DATABASE_TIMEOUT_SECONDS", "10")
        .env("RUST_LOG", "info")
        .envs(HOSTILE)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let url = log.find_map(|line| {
        let line = line.unwrap();
        Some(line.split_once("listening on ")?.1.to_owned())
    });
    let answer = reqwest::get(format!("{}/stock/1", url.unwrap())).await;
    // There this program has started itself again, without libpq's variables.
    #[cfg(windows)]
    let _ = std::process::Command::new("taskkill")
        .args(["/T", "/F", "/PID", &process.id().to_string()])
        .status();
    process.kill().unwrap();
    process.wait().unwrap();
    assert_eq!(
        answer.unwrap().text().await.unwrap(),
        r#"{"id":1,"stock":600}"#
    );
}
