//! What of the user's environment reaches the shop.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use testkit::up::{Up, data_folder};

use crate::up;

/// A collector that keeps what it is sent, and its address.
fn collector() -> (Arc<Mutex<Vec<u8>>>, String) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let received = Arc::clone(&sent);
    let router = Router::new().fallback(async move |body: Bytes| {
        received.lock().unwrap().extend_from_slice(&body);
    });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
    });
    (sent, url)
}

#[test]
fn postgresqls_variables_change_nothing() {
    let folder = data_folder();
    // The first start makes the database, the second finds it.
    for stock in [r#""stock":600"#, r#""stock":599"#] {
        let mut command = up(folder.path(), &[]);
        for (name, value) in [
            ("PGOPTIONS", "-c search_path=nowhere -c nonsense=1"),
            ("PGSSLMODE", "require"),
            ("PGSSLROOTCERT", "/nowhere"),
            ("PGHOST", "/nowhere"),
            ("PGHOSTADDR", "192.0.2.1"),
            ("PGPORT", "1"),
            ("PGUSER", "somebody"),
            ("PGPASSWORD", "wrong"),
            ("PGDATABASE", "another"),
            ("PGDATA", "/nowhere"),
            ("PGTZ", "Mars"),
            ("PGDATESTYLE", "none"),
            ("PGCLIENTENCODING", "KLINGON"),
            ("PG_COLOR", "always"),
            ("LC_ALL", "xx_XX"),
            ("LD_LIBRARY_PATH", "/nowhere"),
            ("TMPDIR", "/nowhere"),
            ("TZ", "Mars"),
        ] {
            command.env(name, value);
        }
        let mut up = Up::start(&mut command);
        assert!(up.content().contains(stock), "{}", up.content());
        up.buy(1);
        up.stop();
    }
}

#[test]
fn services_have_names_and_addresses_of_their_own() {
    let folder = data_folder();
    let (sent, collector) = collector();
    let mut command = up(folder.path(), &[]);
    for name in [
        "APP_VERSION",
        "DATABASE_PASSWORD_FILE",
        "DRAIN_SECONDS",
        "HOST",
        "LISTEN_ADDRESS",
        "MANAGEMENT_PORT",
        "OTEL_SERVICE_NAME",
        "POD_NAME",
        "PORT",
        "PRICE_FACTOR",
        "PRODUCTS_API_URL",
        "SIGN_IN",
        "STOCK_API_URL",
        "WIDGETARIO_THEME",
    ] {
        command.env(name, "of-the-shell");
    }
    let attributes = "service.name=of-the-shell,team=wanted";
    command
        .env("OTEL_RESOURCE_ATTRIBUTES", attributes)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
        .env("WIDGETARIO_ENVIRONMENT", "wanted");
    let mut up = Up::start(&mut command);
    let page = up.page().body_mut().read_to_string().unwrap();
    assert!(page.contains("wanted") && !page.contains("of-the-shell"));
    assert!(!up.content().contains("of-the-shell"));
    up.stop();

    let sent = String::from_utf8_lossy(&sent.lock().unwrap()).into_owned();
    for name in ["products-api", "stock-api", "web", "wanted"] {
        assert!(sent.contains(name), "{name} in {sent}");
    }
    assert!(!sent.contains("of-the-shell"), "{sent}");
}

/// web believes the headers of who signed in only behind a proxy that sets them, and here is none.
#[test]
fn nobody_can_sign_in_whatever_the_shell_says() {
    let folder = data_folder();
    let mut up = Up::start(up(folder.path(), &[]).env("SIGN_IN", "true"));
    let page = up.page().body_mut().read_to_string().unwrap();
    assert!(!page.contains("sign-in"), "{page}");
    up.stop();
}
