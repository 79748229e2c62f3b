//! Who answered each call, and under which identity web made it.

use testkit::chromium::Browser;

use crate::filters::allow;
use crate::mesh::{Mesh, WEB};

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn mutual_tls_proves_web_to_both_apis() {
    let mesh = Mesh::start(|plan| {
        plan.into_products.filters.push(allow(Some(WEB), "GET"));
        plan.into_stock.filters.push(allow(Some(WEB), "GET"));
    })
    .await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(
        browser.texts("dd:has(.lock)").await,
        [
            "spiffe://cluster.local/ns/widgetario/sa/widgetario-web to products-api",
            "spiffe://cluster.local/ns/widgetario/sa/widgetario-web to stock-api",
        ]
    );
    let locks = "[...document.querySelectorAll('.lock')].map(lock => lock.ariaLabel)";
    let proved = "Proved by mutual TLS";
    assert_eq!(
        browser.eval(locks).await,
        serde_json::json!([proved, proved])
    );
    assert_eq!(browser.texts(".finding").await, [""; 0]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn each_call_names_its_pod_its_version_and_its_tries() {
    let mesh = Mesh::start(|plan| {
        plan.stock = vec![("POD_NAME", "stock-api-7f"), ("APP_VERSION", "v3")];
    })
    .await;
    let browser = Browser::open(&mesh.url).await;
    let column = async |number| {
        let cells = format!(".xray tbody td:nth-child({number})");
        browser.texts(&cells).await
    };
    let stock = |answer, products| [vec![products], vec![answer; 4]].concat();
    assert_eq!(column(2).await, stock("200 v3", "200 v1"));
    assert_eq!(column(3).await, stock("stock-api-7f", "localhost"));
    assert_eq!(column(4).await, ["1"; 5]);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn browsers_own_tools_show_each_call() {
    let mesh = Mesh::start(|_| ()).await;
    let browser = Browser::open(&mesh.url).await;
    let timing = "performance.getEntriesByType('navigation')[0].serverTiming";
    let timing = browser
        .eval(&format!("JSON.parse(JSON.stringify({timing}))"))
        .await;
    let timing = timing.as_array().unwrap();
    let described = timing
        .iter()
        .map(|metric| metric["description"].as_str().unwrap());
    assert_eq!(
        described.collect::<Vec<_>>(),
        [
            "products-api GET /products: v1",
            "stock-api GET /stock/1: v1",
            "stock-api GET /stock/2: v1",
            "stock-api GET /stock/3: v1",
            "stock-api GET /stock/4: v1",
        ]
    );
    assert!(
        timing
            .iter()
            .all(|metric| metric["duration"].as_f64() > Some(0.0)),
        "{timing:?}"
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn trace_is_named_and_opens_in_jaeger() {
    let mesh = Mesh::start(|plan| plan.web = vec![("JAEGER_URL", "http://jaeger.test/ui")]).await;
    let browser = Browser::open(&mesh.url).await;
    let id = browser.text(".trace code").await;
    assert!(
        id.len() == 32 && u128::from_str_radix(&id, 16).is_ok(),
        "{id}"
    );
    let link = browser.wait(".trace a").await.attr("href").await.unwrap();
    assert_eq!(link, Some(format!("http://jaeger.test/ui/trace/{id}")));
}
