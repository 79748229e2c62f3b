//! What another site's page may ask of the shop: nothing that changes something.

use reqwest::{Method, RequestBuilder, StatusCode};

use crate::{Shop, json, text};

/// What a request says of where it comes from, and whether it is the shop's own.
fn requests(host: &str) -> Vec<(Vec<(&'static str, String)>, bool)> {
    let site = |site: &str| vec![("sec-fetch-site", site.to_owned())];
    let origin = |origin: String| vec![("origin", origin)];
    let to_host = |name, host: &str, origin: &str| {
        vec![(name, host.to_owned()), ("origin", origin.to_owned())]
    };
    let forwarded = |host, origin| to_host("x-forwarded-host", host, origin);
    vec![
        (vec![], true), // curl, fortio
        (site("same-origin"), true),
        (site("none"), true),       // typed
        (site("same-site"), false), // another port of this host
        (site("cross-site"), false),
        (origin(format!("http://{host}")), true),
        (origin("http://localhost:1".into()), false),
        (origin("http://evil.example".into()), false),
        (origin("null".into()), false),
        (forwarded("shop.example", "https://shop.example"), true),
        // A browser leaves out the port that its scheme has anyway.
        (to_host("host", "localhost:80", "http://localhost"), true),
        (forwarded("shop.example:80", "http://shop.example"), true),
        (forwarded("shop.example:443", "https://shop.example"), true),
        (forwarded("shop.example:80", "https://shop.example"), false),
    ]
}

fn say(request: RequestBuilder, headers: &[(&str, String)]) -> RequestBuilder {
    let add =
        |request: RequestBuilder, (name, value): &(&str, String)| request.header(*name, value);
    headers.iter().fold(request, add)
}

#[tokio::test]
async fn other_sites_change_nothing() {
    let shop = Shop::start(&[]).await;
    let host = &shop.url["http://".len()..];
    let switch = "/test-user?on=true";
    for (headers, is_ours) in requests(host) {
        for (method, path) in [
            (Method::POST, "/buy/1"),
            (Method::GET, switch),
            (Method::HEAD, switch),
        ] {
            let request = shop.http.request(method, format!("{}{path}", shop.url));
            let response = say(request, &headers).send().await.unwrap();
            let expected = if is_ours {
                StatusCode::SEE_OTHER
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(response.status(), expected, "{path} {headers:?}");
            let is_set = response.headers().contains_key("set-cookie");
            assert_eq!(is_set, is_ours && path == switch);
        }
    }
    let content = shop.content().await;
    assert_eq!(content["products"][0]["stock"], 592); // eight were ours
}

#[tokio::test]
async fn refusal_says_why_to_people_and_to_programs() {
    let shop = Shop::start(&[]).await;
    let request = || shop.post("/buy/1").header("sec-fetch-site", "cross-site");
    let page = text(request().send().await.unwrap()).await;
    assert!(
        page.contains("Another site&#39;s page asked for this") && page.contains("To the shop")
    );
    let request = request().header("accept", "application/json");
    let problem = json(request).await;
    assert_eq!(problem["status"], 403);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("Another site's page asked for this, so nothing was done."));
}

#[tokio::test]
async fn other_sites_link_does_not_say_sold() {
    let shop = Shop::start(&[]).await;
    for (site, is_said) in [
        ("same-origin", true),
        ("none", true),
        ("same-site", false),
        ("cross-site", false),
    ] {
        let request = shop.get("/?buy=sold").header("sec-fetch-site", site);
        let page = text(request.send().await.unwrap()).await;
        assert_eq!(page.contains("Sold: it is yours."), is_said, "{site}");
    }
}
