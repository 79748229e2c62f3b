//! What the page asks a supplier, and what it makes of the answer.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Shop, json as json_of, stand_in, text};

/// What a supplier was asked: the path with its query, and the headers.
type Questions = Arc<Mutex<Vec<(Uri, HeaderMap)>>>;

/// A shop whose supplier gives this answer to everything, and what it was asked.
async fn shop(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> (Shop, Questions) {
    let questions = Questions::default();
    let asked = Arc::clone(&questions);
    let answer = get(async move |uri: Uri, headers: HeaderMap| {
        asked.lock().unwrap().push((uri, headers));
        answer
    });
    let url = stand_in(Router::new().route("/deliveries", answer)).await;
    let shop = Shop::start(&[&format!("--supplier-url={url}/deliveries")]).await;
    (shop, questions)
}

/// The calls of the supplier among those of a page's content.
fn calls(content: &Value) -> Vec<&Value> {
    let calls = content["calls"].as_array().unwrap().iter();
    calls.filter(|call| call["service"] == "supplier").collect()
}

#[tokio::test]
async fn nobody_is_asked_by_default() {
    let shop = Shop::start(&[]).await;
    let content = shop.content().await;
    assert_eq!(content["calls"].as_array().unwrap().len(), 5);
    assert_eq!(content["products"][3].get("delivery"), None);
}

#[tokio::test]
async fn page_says_when_there_will_be_more_of_what_is_sold_out() {
    let (shop, questions) = shop(json!({ "1": "Monday", "4": "Thursday" }).to_string()).await;
    let page = shop.page().await;
    assert_eq!(page.matches("more on ").count(), 1, "{page}");
    assert!(page.contains("<small>more on Thursday</small>"), "{page}");
    assert!(page.contains("by the supplier"), "{page}");
    let content = shop.content().await;
    assert_eq!(content["products"][0].get("delivery"), None);
    assert_eq!(content["products"][3]["delivery"], "Thursday");
    let calls = calls(&content);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["path"], "/deliveries?product=4");
    assert_eq!(content["calls"][5], *calls[0], "it is the last");
    let questions = questions.lock().unwrap();
    assert_eq!(questions.len(), 2, "one for each page");
    assert_eq!(questions[0].0, "/deliveries?product=4");
}

#[tokio::test]
async fn all_that_is_sold_out_is_asked_about_in_one_call_within_the_pages_trace() {
    let (shop, questions) = shop(json!({ "2": "Friday" }).to_string()).await;
    for id in [2, 3] {
        let stock = shop.http.put(format!("{}/stock/{id}", shop.stock.url));
        let sold_out = stock.json(&json!({ "stock": 0 })).send().await.unwrap();
        assert_eq!(sold_out.status(), StatusCode::OK);
    }
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let content = json_of(shop.get("/api/shop").header("traceparent", parent)).await;
    let delivery = |row: usize| content["products"][row].get("delivery");
    assert_eq!(delivery(1), Some(&json!("Friday")));
    assert_eq!((delivery(2), delivery(3)), (None, None));
    let questions = questions.lock().unwrap();
    let [(uri, headers)] = questions.as_slice() else {
        panic!("{questions:?}");
    };
    assert_eq!(uri.query(), Some("product=2&product=3&product=4"));
    let parent = headers["traceparent"].to_str().unwrap();
    assert!(parent.contains(trace), "{parent}");
}

#[tokio::test]
async fn supplier_learns_the_ids_of_trace_and_request_and_nothing_of_the_visitor() {
    let (shop, questions) = shop("{}").await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let visit = shop.get("/api/shop").header("traceparent", parent);
    let visit = visit.header("x-request-id", "view-1");
    let visit = visit.header("end-user", "tester");
    let visit = visit.header("baggage", "customer=42");
    let content = json_of(visit.header("cookie", "token=secret")).await;
    assert_eq!(content["end_user"], "tester", "our own services know it");
    let questions = questions.lock().unwrap();
    let names = questions[0].1.keys().map(ToString::to_string);
    let mut names: Vec<_> = names.collect();
    names.sort();
    let expected = [
        "accept",
        "host",
        "traceparent",
        "tracestate",
        "x-b3-sampled",
        "x-b3-spanid",
        "x-b3-traceid",
        "x-request-id",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn nobody_is_asked_when_nothing_is_sold_out() {
    let (shop, questions) = shop("{}").await;
    let stock = shop.http.put(format!("{}/stock/4", shop.stock.url));
    let restocked = stock.json(&json!({ "stock": 1 })).send().await.unwrap();
    assert_eq!(restocked.status(), StatusCode::OK);
    assert_eq!(calls(&shop.content().await), [&Value::Null; 0]);
    assert!(questions.lock().unwrap().is_empty());
}

#[tokio::test]
async fn words_of_the_supplier_are_shortened_to_one_line_and_escaped() {
    let words = format!("<b>\n{}", "x".repeat(5000));
    let (shop, _) = shop(json!({ "4": words }).to_string()).await;
    let page = shop.page().await;
    let shown = format!("<small>more on &#60;b&#62; {}</small>", "x".repeat(36));
    assert!(page.contains(&shown), "{page}");
    let (shop, _) = self::shop(json!({ "4": " \n" }).to_string()).await;
    assert!(!shop.page().await.contains("more on"));
}

#[tokio::test]
async fn bad_answer_of_the_supplier_is_a_finding_on_a_page_that_lacks_nothing_else() {
    for (status, body, cause) in [
        (StatusCode::OK, "Thursday", "unreadable"),
        (StatusCode::OK, r#"{"4":4}"#, "unreadable"),
        (StatusCode::INTERNAL_SERVER_ERROR, "", "service_error"),
        (StatusCode::NOT_FOUND, "", "service_error"),
        (StatusCode::BAD_GATEWAY, "a proxy of ours", "service_error"),
        // Envoy would answer so for a name that it does not know, but web has no sidecar here.
        (StatusCode::BAD_GATEWAY, "", "service_error"),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "no healthy upstream",
            "service_error",
        ),
    ] {
        let (shop, _) = shop((status, body)).await;
        let response = shop.get("/").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let page = text(response).await;
        let content = shop.content().await;
        let finding = &calls(&content)[0]["finding"];
        assert_eq!(finding["cause"], cause, "{status} {body}");
        let title = finding["title"].as_str().unwrap().replace('\'', "&#39;");
        assert!(page.contains("SOLD OUT!"));
        assert!(page.contains(&format!("<small>{title}</small>")), "{page}");
        assert!(!page.contains("unknown</span>"), "{page}");
    }
}

#[tokio::test]
async fn what_the_supplier_says_of_itself_is_not_believed() {
    let own = [
        ("x-widgetario-version", "v9"),
        ("x-widgetario-pod", "stock-api-1"),
        ("x-widgetario-caller", "spiffe://cluster.local/ns/x/sa/y"),
    ];
    let (shop, _) = shop((own, "{}")).await;
    let content = shop.content().await;
    for field in ["version", "pod", "caller"] {
        assert_eq!(calls(&content)[0][field], Value::Null, "{field}");
    }
}

#[tokio::test]
async fn silent_supplier_is_given_up_after_the_deadline_of_a_call() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("--supplier-url=http://{}", silent.local_addr().unwrap());
    let shop = Shop::start(&[&url, "--upstream-timeout=1"]).await;
    let content = shop.content().await;
    assert_eq!(calls(&content)[0]["finding"]["cause"], "timeout");
    assert_eq!(content["products"][3]["level"], "none");
}

#[tokio::test]
async fn page_that_has_waited_for_stock_api_does_not_ask_the_supplier_too() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silence = format!("http://{}", silent.local_addr().unwrap());
    // One product is sold out, the stock of the other three does not come.
    let sold_out = get(async || json!({ "id": 4, "stock": 0 }).to_string());
    let never = get(std::future::pending::<String>);
    let stock = Router::new()
        .route("/stock/4", sold_out)
        .route("/stock/{id}", never);
    let stock = stand_in(stock).await;
    let flags = [
        format!("--stock-api-url={stock}"),
        format!("--supplier-url={silence}"),
        "--upstream-timeout=2".to_owned(),
    ];
    let shop = Shop::start(&flags.each_ref().map(String::as_str)).await;
    let content = shop.content().await;
    assert_eq!(content["products"][3]["level"], "none");
    assert_eq!(calls(&content), [&Value::Null; 0]);
}
