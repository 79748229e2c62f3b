//! Faults that the mesh injects, and what retries make of them.

use serde_json::json;
use testkit::chromium::Browser;

use crate::filters::{abort, delay, fault, only};
use crate::finding::Finding;
use crate::mesh::Mesh;
use crate::table::availabilities;

const VIRTUAL_SERVICE: &str = "istio/demo4/stock-api/virtual-service.yaml";
/// What the rows say of the first stock.
const LEVELS: [&str; 4] = ["Plenty", "Last few...", "Plenty", "SOLD OUT!"];

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn abort_by_webs_sidecar_leads_to_the_virtual_service() {
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(fault(abort()))).await;
    let aborted = Finding {
        cause: "injected_abort",
        title: "Abort injected by web's sidecar",
        file: Some(VIRTUAL_SERVICE),
    };
    aborted.assert_hides_stock(&mesh).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn abort_by_stock_apis_sidecar_leads_to_no_file() {
    let mesh = Mesh::start(|plan| plan.into_stock.filters.push(fault(abort()))).await;
    let aborted = Finding {
        cause: "injected_abort",
        title: "Abort injected by stock-api's sidecar",
        file: None,
    };
    aborted.assert_hides_stock(&mesh).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn delay_by_webs_sidecar_leads_to_the_virtual_service() {
    let mesh = Mesh::start(|plan| plan.to_stock.filters.push(fault(delay(1.5)))).await;
    let delayed = Finding {
        cause: "delay",
        title: "Delayed in web's sidecar",
        file: Some(VIRTUAL_SERVICE),
    };
    let browser = delayed.assert_shown(&mesh).await;
    assert_eq!(availabilities(&browser).await, LEVELS);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn delay_by_stock_apis_sidecar_is_on_the_way() {
    let mesh = Mesh::start(|plan| plan.into_stock.filters.push(fault(delay(0.9)))).await;
    let delayed = Finding {
        cause: "delay",
        title: "Delayed on the way to stock-api",
        file: None,
    };
    let browser = delayed.assert_shown(&mesh).await;
    assert_eq!(availabilities(&browser).await, LEVELS);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn retries_hide_an_abort_and_are_counted() {
    let mesh = Mesh::start(|plan| {
        let first = only("x-envoy-attempt-count", "1", abort());
        plan.into_stock.filters.push(fault(first));
        let retries = json!({ "retry_on": "5xx", "num_retries": 2 });
        plan.to_stock.route["route"]["retry_policy"] = retries;
    })
    .await;
    let browser = Browser::open(&mesh.url).await;
    assert_eq!(
        browser.texts(".xray td:nth-child(4)").await,
        ["1", "2", "2", "2", "2"]
    );
    assert_eq!(availabilities(&browser).await, LEVELS);
}
