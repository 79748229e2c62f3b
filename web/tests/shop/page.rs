use std::time::{Duration, Instant};

use chassis::ServiceCommand;
use reqwest::StatusCode;
use serde_json::Value;
use web::contract::{Content, Sale};

use crate::{Shop, json, text};

#[tokio::test]
async fn page_shows_each_product_with_price_and_availability() {
    let shop = Shop::start(&[]).await;
    let page = shop.page().await;
    for text in [
        "Your widget",
        "Just",
        "Availability", // the columns
        "Arm64 SoC",
        "IoT breakout board",
        "DAC extension board",
        "Mars comms unit",
        "$30.00",
        "$8.00",
        "$15.50",
        "$6000.00",
        "Plenty",
        "Last few...",
        "SOLD OUT!",
    ] {
        assert!(page.contains(text), "{text} in {page}");
    }
}

#[tokio::test]
async fn sold_out_product_has_no_buy_button() {
    let shop = Shop::start(&[]).await;
    let page = shop.page().await;
    assert!(page.contains(r#"action="/buy/1""#));
    assert!(!page.contains(r#"action="/buy/4""#));
}

#[tokio::test]
async fn theme_and_environment_are_on_the_page() {
    let shop = Shop::start(&["--theme=dark", "--environment=<staging>"]).await;
    let page = shop.page().await;
    assert!(page.contains(r#"data-theme="dark""#));
    assert!(page.contains("&#60;staging&#62;"), "escaped in {page}");
}

#[tokio::test]
async fn assets_are_cached_for_ever_under_a_name_of_their_content() {
    let shop = Shop::start(&[]).await;
    let response = shop.get(&shop.style().await).send().await.unwrap();
    assert_eq!(
        response.headers()["cache-control"],
        "public, max-age=31536000, immutable"
    );
    assert_eq!(
        response.headers()["content-type"],
        "text/css; charset=utf-8"
    );
    assert!(text(response).await.contains(":root"));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let shop = Shop::start(&[]).await;
    for path in ["/", "/api/shop", "/nothing"] {
        let response = shop.get(path).send().await.unwrap();
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "same-origin");
        assert_eq!(headers["cache-control"], "no-store");
        // What the APIs say about themselves is not sent on.
        assert!(!headers.contains_key("x-widgetario-version"));
    }
}

#[tokio::test]
async fn content_of_the_page_is_there_as_json() {
    let shop = Shop::start(&[]).await;
    let text = text(shop.get("/api/shop").send().await.unwrap()).await;
    assert!(text.contains(r#""price":15.50"#), "{text}");
    let content: Value = serde_json::from_str(&text).unwrap();
    let first = &content["products"][0];
    assert_eq!(first["name"], "Arm64 SoC");
    assert_eq!(first["stock"], 600);
    assert_eq!(first["availability"], "Plenty");
}

#[tokio::test]
async fn contract_reads_all_of_the_json_as_it_is_written() {
    let shop = Shop::start(&[]).await;
    let json = text(shop.get("/api/shop").send().await.unwrap()).await;
    let content: Content = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&content).unwrap(), json);
    let buy = shop.post("/buy/1").header("accept", "application/json");
    let json = text(buy.send().await.unwrap()).await;
    let sale: Sale = serde_json::from_str(&json).unwrap();
    assert_eq!(serde_json::to_string(&sale).unwrap(), json);
}

#[tokio::test]
async fn json_tells_what_each_call_met() {
    let shop = Shop::start(&[]).await;
    let mut cached = Vec::new();
    for _ in 0..2 {
        let request = shop.get("/api/shop").header("x-envoy-attempt-count", "7");
        let content = json(request).await;
        let calls = content["calls"].as_array().unwrap();
        let paths: Vec<_> = calls.iter().map(|call| &call["path"]).collect();
        assert_eq!(
            paths,
            ["/products", "/stock/1", "/stock/2", "/stock/3", "/stock/4"]
        );
        for call in calls {
            assert_eq!(call["status"], 200);
            assert_eq!(call["version"], "v1");
            assert_eq!(call["attempt"], Value::Null); // web's own is not passed on
            assert!(call["latency_ms"].as_f64().unwrap() > 0.0);
        }
        assert_eq!(calls[0]["service"], "products-api");
        assert_eq!(calls[0]["cached"], Value::Null);
        cached.push(calls[1]["cached"].as_bool().unwrap());
    }
    assert_eq!(cached, [false, true]);
}

#[tokio::test]
async fn headers_that_arrived_are_shown_but_no_credentials() {
    let shop = Shop::start(&[]).await;
    let secrets = [
        ("authorization", "Bearer secret"),
        ("cookie", "session=secret"),
        ("x-api-key", "secret"),
        ("x-forwarded-access-token", "secret"),
    ];
    for path in ["/", "/api/shop"] {
        let request = shop
            .get(path)
            .header("x-envoy-external-address", "10.1.2.3");
        let request = secrets.iter().fold(request, |request, &(name, value)| {
            request.header(name, value)
        });
        let answer = text(request.send().await.unwrap()).await;
        assert!(answer.contains("10.1.2.3"), "{answer}");
        assert!(!answer.contains("secret"), "{answer}");
        for (name, _) in secrets {
            assert!(answer.contains(name), "{name} in {answer}");
        }
    }
}

#[tokio::test]
async fn test_user_is_one_until_the_switch_is_turned_back() {
    let shop = Shop::start(&[]).await;
    let on = shop.get("/test-user?on=true").send().await.unwrap();
    assert_eq!(on.status(), StatusCode::SEE_OTHER);
    let cookie = on.headers()["set-cookie"].to_str().unwrap();
    assert_eq!(cookie, "end-user=tester; Path=/; HttpOnly; SameSite=Lax");

    let request = shop
        .get("/api/shop")
        .header("cookie", "a=b; end-user=tester");
    let content = json(request).await;
    assert_eq!(content["end_user"], "tester");
    let request = shop.get("/api/shop").header("cookie", "end-user=root");
    let content = json(request).await;
    assert_eq!(content["end_user"], Value::Null);

    for query in ["", "?on=1", "?on=perhaps"] {
        let response = shop
            .get(&format!("/test-user{query}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        assert!(!response.headers().contains_key("set-cookie"));
    }

    let off = shop.get("/test-user?on=false").send().await.unwrap();
    let cookie = off.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("Max-Age=0"), "{cookie}");
}

#[test]
fn supplier_is_at_an_address_without_secrets_and_without_tls() {
    let start = |url| {
        let flag = format!("--supplier-url={url}");
        ServiceCommand::<web::Settings>::parse("web", [flag.as_str()]).map(|_| ())
    };
    assert_eq!(start("http://supplier.example:8080/deliveries"), Ok(()));
    for url in [
        "https://supplier.example",
        "http://user@supplier.example",
        "http://supplier.example/?product=4",
        "supplier.example",
    ] {
        let refusal = start(url).unwrap_err();
        assert!(refusal.contains("http://supplier.example/"), "{refusal}");
    }
}

#[test]
fn jaeger_is_at_an_address_without_secrets() {
    let start = |url| {
        let flag = format!("--jaeger-url={url}");
        ServiceCommand::<web::Settings>::parse("web", [flag.as_str()]).map(|_| ())
    };
    assert_eq!(start("http://localhost:16686/jaeger"), Ok(()));
    for url in [
        "javascript:alert(1)",
        "http://:password@localhost",
        "http://user@localhost",
        "http://localhost?a=b",
        "localhost:16686",
        "",
    ] {
        let refusal = start(url).unwrap_err();
        assert!(
            refusal.contains("an address such as http://localhost:16686"),
            "{refusal}"
        );
    }
}

/// The `server-timing` of `path`, once no service needed half a second: the header would say that
/// instead of the version, and a busy machine is enough for it.
async fn server_timing(shop: &Shop, path: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let response = shop.get(path).send().await.unwrap();
        let timing = response.headers()["server-timing"].to_str().unwrap();
        if !timing.contains("itself is slow") {
            return timing.to_owned();
        }
        assert!(Instant::now() < deadline, "{timing}");
    }
}

#[tokio::test]
async fn each_call_is_in_server_timing() {
    let shop = Shop::start(&[]).await;
    for path in ["/", "/api/shop"] {
        let timing = server_timing(&shop, path).await;
        assert!(timing.starts_with(r#"call-0;desc="products-api GET /products: v1";dur="#));
        assert_eq!(
            timing.matches("stock-api GET /stock/").count(),
            4,
            "{timing}"
        );
    }
}

#[tokio::test]
async fn other_paths_lead_back_to_the_shop() {
    let shop = Shop::start(&[]).await;
    let response = shop.get("/nothing").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(text(response).await.contains("To the shop"));
}
