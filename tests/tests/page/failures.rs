//! Calls of stock-api that fail, and how the page explains it.

use serde_json::json;
use testkit::chromium::Browser;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::filters::{delay, fault, rate_limit};
use crate::finding::Finding;
use crate::hop::NOBODY;
use crate::mesh::Mesh;

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn more_calls_than_may_wait_are_turned_away() {
    let mesh = Mesh::start(|plan| {
        // What Istio makes of the DestinationRule's `http2MaxRequests`.
        let limits = json!({ "max_requests": 1 });
        plan.to_stock.cluster["circuit_breakers"] = json!({ "thresholds": [limits] });
        plan.into_stock.filters.push(fault(delay(0.2))); // until all four have come
    })
    .await;
    let browser = Browser::open(&mesh.url).await;
    let file = "istio/demo6/breaker/connection-pool.yaml";
    let code = browser.texts(".finding code").await;
    assert!(code.contains(&file.to_owned()), "{code:?}");
    let title = "Too many at once for web's sidecar";
    let reasons = browser
        .texts("tr[data-level='unknown'] .availability small")
        .await;
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| reason == title),
        "{reasons:?}"
    );
    assert!(
        !browser
            .texts("tr[data-id]:not([data-level='unknown'])")
            .await
            .is_empty()
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn calls_beyond_a_rate_limit_lead_to_its_file_and_say_how_long_to_wait() {
    let mesh = Mesh::start(|plan| plan.into_stock.filters.push(rate_limit(4))).await;
    mesh.content().await; // takes all tokens
    let limited = Finding {
        cause: "rate_limited",
        title: "Rate limited by stock-api's sidecar",
        file: Some("istio/demo6/rate-limit/local-rate-limit.yaml"),
    };
    let browser = limited.assert_hides_stock(&mesh).await;
    let text = browser.text(".finding").await;
    assert!(text.contains("asks web to wait for 10 s"), "{text}");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn service_without_a_pod_has_no_healthy_one() {
    let none = json!({ "cluster_name": "stock-api" });
    let mesh = Mesh::start(|plan| plan.to_stock.cluster["load_assignment"] = none).await;
    let unhealthy = Finding {
        cause: "no_healthy_upstream",
        title: "No healthy stock-api",
        file: None,
    };
    unhealthy.assert_hides_stock(&mesh).await;
}

const BROKE: Finding = Finding {
    cause: "reset",
    title: "The connection to stock-api broke",
    file: None,
};

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn connection_that_the_pod_refuses_is_lost_by_webs_sidecar() {
    let mesh = Mesh::start(|plan| plan.to_stock.divert(NOBODY)).await;
    let text = BROKE.assert_hides_stock(&mesh).await.text(".finding").await;
    assert!(text.contains("web's sidecar lost the connection"), "{text}");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn call_without_mutual_tls_is_cut_off() {
    let plain = json!({ "name": "plain", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer",
    }});
    let mesh = Mesh::start(|plan| plan.to_stock.cluster["transport_socket"] = plain).await;
    let text = BROKE.assert_hides_stock(&mesh).await.text(".finding").await;
    assert!(text.contains("without mutual TLS"), "{text}");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn connection_that_the_service_refuses_is_lost_by_its_own_sidecar() {
    let mesh = Mesh::start(|plan| plan.into_stock.divert(NOBODY)).await;
    let text = BROKE.assert_hides_stock(&mesh).await.text(".finding").await;
    assert!(
        text.contains("stock-api's sidecar lost the connection"),
        "{text}"
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn connection_that_ends_without_an_answer_is_lost_by_the_services_sidecar() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _request = connection.read(&mut [0; 4096]).await;
        }
    });
    let mesh = Mesh::start(|plan| plan.into_stock.divert(port)).await;
    let text = BROKE.assert_hides_stock(&mesh).await.text(".finding").await;
    assert!(
        text.contains("stock-api's sidecar lost the connection"),
        "{text}"
    );
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn call_beyond_its_routes_timeout_is_given_up_by_webs_sidecar() {
    let mesh = Mesh::start(|plan| {
        plan.to_stock.route["route"]["timeout"] = "0.2s".into();
        plan.into_stock.filters.push(fault(delay(5.0)));
    })
    .await;
    let given_up = Finding {
        cause: "proxy_timeout",
        title: "Given up by web's sidecar",
        file: Some("istio/demo4/stock-api/resilience/timeout.yaml"),
    };
    given_up.assert_hides_stock(&mesh).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn path_that_no_rule_matches_has_no_route() {
    let elsewhere = json!({ "prefix": "/elsewhere" });
    let mesh = Mesh::start(|plan| plan.to_stock.route["match"] = elsewhere).await;
    let lost = Finding {
        cause: "no_route",
        title: "No route to stock-api",
        file: None,
    };
    lost.assert_hides_stock(&mesh).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn web_waits_no_longer_than_its_own_deadline() {
    let mesh = Mesh::start(|plan| {
        plan.web = vec![("UPSTREAM_TIMEOUT_SECONDS", "0.3")];
        plan.into_stock.filters.push(fault(delay(5.0)));
    })
    .await;
    let late = Finding {
        cause: "timeout",
        title: "No answer from stock-api in time",
        file: None,
    };
    late.assert_hides_stock(&mesh).await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn error_that_stock_api_answers_is_called_its_own() {
    let mesh = Mesh::start(|plan| {
        plan.stock = vec![
            ("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing"),
            ("DATABASE_TIMEOUT_SECONDS", "0.2"),
        ];
    })
    .await;
    let own = Finding {
        cause: "service_error",
        title: "stock-api itself answered 503",
        file: None,
    };
    own.assert_hides_stock(&mesh).await;
}
