//! What HTTP demands of a server (`docs/http.md`), where web answers with pages.

use reqwest::{Method, StatusCode, Version};

use crate::{Shop, text};

/// The style's address.
async fn asset(shop: &Shop) -> String {
    let page = shop.page().await;
    let mut addresses = page.split('"');
    let style = addresses.find(|address| address.ends_with("/shop.css"));
    style.unwrap().to_owned()
}

#[tokio::test]
async fn other_methods_are_not_allowed_on_any_path() {
    let shop = Shop::start(&[]).await;
    let asset = asset(&shop).await;
    let paths = [
        ("/", "GET,HEAD"),
        ("/api/shop", "GET,HEAD"),
        ("/test-user", "GET,HEAD"),
        ("/buy/1", "POST"),
        (&asset, "GET,HEAD"),
    ];
    for (path, allow) in paths {
        for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::TRACE] {
            let request = shop.http.request(method, format!("{}{path}", shop.url));
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(response.headers()["allow"], allow, "{path}");
            assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
            let media_type = if path == "/api/shop" {
                "application/problem+json"
            } else {
                "text/html; charset=utf-8"
            };
            assert_eq!(response.headers()["content-type"], media_type, "{path}");
            assert!(
                text(response).await.contains("Method Not Allowed"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn head_is_answered_as_get_is_without_the_body() {
    let shop = Shop::start(&[]).await;
    for path in ["/nothing", &asset(&shop).await] {
        for coding in ["identity", "gzip"] {
            let ask = async |method| {
                let request = shop.http.request(method, format!("{}{path}", shop.url));
                request
                    .header("accept-encoding", coding)
                    .send()
                    .await
                    .unwrap()
            };
            let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
            assert_eq!(get.status(), head.status());
            let (mut get, mut head) = (get.headers().clone(), head.headers().clone());
            for name in ["date", "transfer-encoding"] {
                get.remove(name); // RFC 9110, section 9.3.2: what only the body tells may be left out
                head.remove(name);
            }
            assert_eq!(get, head, "{path} {coding}");
        }
    }
}

#[tokio::test]
async fn malformed_request_is_refused_with_a_page() {
    let shop = Shop::start(&[]).await;
    let long = format!("/?{}", "a".repeat(9000));
    let response = shop.get(&long).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::URI_TOO_LONG);
    assert!(text(response).await.contains("may have at most 8 KiB"));
    let response = shop
        .post("/buy/1")
        .body(vec![b' '; 20_000])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let request = shop
        .get("/")
        .version(Version::HTTP_11)
        .header("expect", "tea");
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::EXPECTATION_FAILED
    );
}
