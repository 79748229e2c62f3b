//! A supplier outside of the mesh: what the page says of it, and of a sidecar that blocks web's question.

use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use testkit::chromium::Browser;
use tokio::net::TcpListener;

use crate::hop::Hop;
use crate::mesh::Mesh;

/// What the row of the product that is sold out says below its availability.
async fn below_sold_out(browser: &Browser) -> Vec<String> {
    browser
        .texts("tr[data-level='none'] .availability small")
        .await
}

/// The call of the supplier, which is the page's last.
async fn call(mesh: &Mesh) -> Value {
    let mut content = mesh.content().await;
    let call = content["calls"].as_array_mut().unwrap().pop().unwrap();
    assert_eq!(call["service"], "supplier");
    call
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn name_that_the_mesh_does_not_know_is_blocked_by_webs_sidecar() {
    // The route `block_all`, which Istio gives a sidecar for REGISTRY_ONLY.
    let block_all = json!({ "match": { "prefix": "/" }, "direct_response": { "status": 502 } });
    let mesh = Mesh::start(|plan| {
        let mut hop = Hop::to("supplier");
        hop.route = block_all;
        plan.to_supplier = Some(hop);
    })
    .await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(browser.status().await, 200);
    let title = "Blocked by web's sidecar";
    assert_eq!(below_sold_out(&browser).await, [title]);
    assert_eq!(browser.texts(".finding strong").await, [title]);
    let file = "istio/demo6/egress/service-entry.yaml";
    let code = browser.texts(".finding code").await;
    assert_eq!(code, ["REGISTRY_ONLY", file]);
    let call = call(&mesh).await;
    assert_eq!(call["status"], 502);
    assert_eq!(call["finding"]["cause"], "not_registered");
    assert_eq!(call["finding"]["file"], file);
    assert_eq!(
        browser.texts("tr[data-failed] .version").await,
        ["by a proxy"]
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn long_path_breaks_in_its_cell_and_leaves_the_times_in_sight() {
    let mesh = Mesh::start(|plan| plan.to_supplier = Some(Hop::to("supplier"))).await;
    let browser = Browser::open_in_size(&mesh.url, "1280,943").await;
    let fits = "(() => {
        const path = document.querySelector('.xray tr[data-failed] code');
        path.textContent += 'fortio/data/deliveries.json?product=4&product=5';
        const right = element => element.getBoundingClientRect().right;
        const cells = [...document.querySelectorAll('.xray tbody th')];
        const calls = document.querySelector('.xray .scroll');
        return calls.scrollWidth <= calls.clientWidth
            && cells.every(cell => right(cell.querySelector('code')) <= right(cell));
    })()";
    assert_eq!(browser.eval(fits).await, true);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn words_of_the_supplier_stand_beside_what_is_sold_out() {
    let deliveries = get(async || json!({ "4": "Thursday" }).to_string());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let supplier = Router::new().route("/", deliveries);
    tokio::spawn(async { axum::serve(listener, supplier).await });
    let mesh = Mesh::start(|plan| {
        let mut hop = Hop::to("supplier");
        hop.divert(port);
        plan.to_supplier = Some(hop);
    })
    .await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(below_sold_out(&browser).await, ["more on Thursday"]);
    assert_eq!(browser.texts(".finding").await, [""; 0]);
    let call = call(&mesh).await;
    assert_eq!(call["path"], "/?product=4");
    assert_eq!(call["finding"], Value::Null);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn supplier_that_is_not_there_is_told_from_one_that_the_mesh_does_not_know() {
    let mesh = Mesh::start(|plan| plan.to_supplier = Some(Hop::to("supplier"))).await;
    let browser = Browser::open(&mesh.url).await;
    let title = "The connection to supplier broke";
    assert_eq!(below_sold_out(&browser).await, [title]);
    assert_eq!(call(&mesh).await["finding"]["cause"], "reset");
}
