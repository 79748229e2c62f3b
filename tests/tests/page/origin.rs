//! What another site's page, in the same browser, can make the shop do: nothing.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use testkit::chromium::Browser;
use tokio::net::TcpListener;

use crate::mesh::Mesh;

/// Opens a page of `html` on another port of `host`, and clicks there on what leads to the shop.
async fn click_on_page_of(host: &str, html: String) -> Browser {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = Router::new().route("/", get(async || Html(html)));
    tokio::spawn(async { axum::serve(listener, page).await });
    let browser = Browser::open(&format!("http://{host}:{port}")).await;
    browser.click("#lure").await;
    browser.wait("main").await;
    browser
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn other_sites_form_buys_nothing() {
    let mesh = Mesh::start(|_| ()).await;
    let before = mesh.stock(1).await;
    for host in ["127.0.0.1", "localhost"] {
        let action = format!("{}/buy/1", mesh.url);
        let form =
            format!("<form method=post action='{action}'><button id=lure>Win</button></form>");
        let browser = click_on_page_of(host, form).await;
        assert_eq!(browser.text("h1").await, "Forbidden");
        let lede = browser.text(".lede").await;
        assert!(
            lede.contains("Another site's page asked for this"),
            "{lede}"
        );
    }
    assert_eq!(mesh.stock(1).await, before);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn other_sites_links_make_no_test_user_and_report_no_sale() {
    let mesh = Mesh::start(|_| ()).await;
    let link = |path| format!("<a id=lure href='{}{path}'>Win</a>", mesh.url);
    let browser = click_on_page_of("127.0.0.1", link("/test-user?on=true")).await;
    assert_eq!(browser.text("h1").await, "Forbidden");
    browser.click(".button").await;
    browser.wait("tr[data-id='1']").await;
    assert_eq!(browser.texts(".notice, .xray header code").await, [""; 0]);
    let browser = click_on_page_of("127.0.0.1", link("/?buy=sold")).await;
    browser.wait("tr[data-id='1']").await;
    assert_eq!(browser.texts(".notice").await, [""; 0]);
}
