//! Sign in, Sign out, and who buys, without a mesh: here the test writes the headers that a sidecar
//! writes. `tests/tests/page/sign_in.rs` has the sidecar.

use reqwest::{RequestBuilder, Response, StatusCode, Url};
use serde_json::json;

use crate::{Shop, json, text};

const SIGN_IN: &str = "--sign-in=true";
const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJBZGEifQ.c2ln-_";

/// Submits the page's form at `path`.
fn form(shop: &Shop, path: &str, token: &str) -> RequestBuilder {
    let mut url = Url::parse(&shop.url).unwrap();
    url.query_pairs_mut().append_pair("token", token);
    let body = url.query().unwrap().to_owned();
    let form = shop.post(path).body(body);
    form.header("content-type", "application/x-www-form-urlencoded")
}

async fn sign_in(shop: &Shop, token: &str) -> Response {
    form(shop, "/sign-in", token).send().await.unwrap()
}

/// The cookie that an answer sets, if it sets one.
fn cookie(response: &Response) -> Option<&str> {
    let cookie = response.headers().get("set-cookie")?;
    Some(cookie.to_str().unwrap())
}

#[tokio::test]
async fn nobody_can_sign_in_and_headers_name_nobody_unless_a_setting_says_so() {
    let shop = Shop::start(&[]).await;
    assert!(!shop.page().await.contains("sign-in"));
    for path in ["/sign-in", "/sign-out"] {
        let response = shop.post(path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    let response = shop.get("/buy").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    let buy = shop.post("/buy/1").header("accept", "application/json");
    let sale = json(buy.header("x-token-name", "Eve")).await;
    assert_eq!(sale["message"], "Sold: it is yours.");
    assert!(sale.get("buyer").is_none());
}

#[tokio::test]
async fn token_goes_to_buy_alone_and_no_script_can_read_it() {
    let shop = Shop::start(&[SIGN_IN]).await;
    for pasted in [TOKEN, &format!(" {TOKEN}\n")] {
        let response = sign_in(&shop, pasted).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(response.headers()["location"], "/buy");
        let expected = format!("token={TOKEN}; Path=/buy; HttpOnly; SameSite=Strict");
        assert_eq!(cookie(&response), Some(expected.as_str()));
    }
}

#[tokio::test]
async fn what_is_no_token_sets_no_cookie() {
    let shop = Shop::start(&[SIGN_IN]).await;
    let long = format!("{TOKEN}{}", "a".repeat(4000));
    let texts = [
        "",
        "Ada",
        "a.b",
        "a..c",
        "a.b.c.d",
        "a.b.c; Path=/",
        "a.b.c\r\nx: y",
        "a.b.ç",
        &long,
    ];
    for pasted in texts {
        let response = sign_in(&shop, pasted).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{pasted:?}");
        assert_eq!(cookie(&response), None);
        assert!(text(response).await.contains("must be a token"));
    }
    let response = shop.post("/sign-in").body("token").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn sign_out_ends_the_cookie() {
    let shop = Shop::start(&[SIGN_IN]).await;
    let response = shop.post("/sign-out").send().await.unwrap();
    let expected = "token=; Path=/buy; HttpOnly; SameSite=Strict; Max-Age=0";
    assert_eq!(cookie(&response), Some(expected));
    assert_eq!(response.headers()["location"], "/");
}

#[tokio::test]
async fn other_sites_sign_nobody_in_or_out() {
    let shop = Shop::start(&[SIGN_IN]).await;
    for path in ["/sign-in", "/sign-out"] {
        let request = form(&shop, path, TOKEN).header("sec-fetch-site", "cross-site");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(cookie(&response), None);
    }
}

#[tokio::test]
async fn buyer_is_whom_the_sidecars_headers_name() {
    let shop = Shop::start(&[SIGN_IN]).await;
    let ask = || shop.get("/buy").header("accept", "application/json");
    assert_eq!(json(ask()).await, json!({ "buyer": null }));
    let nameless = shop.get("/buy").header("x-token-role", "buyer");
    let page = text(nameless.send().await.unwrap()).await;
    assert!(page.contains("No token with a name came"), "{page}");
    let named = ask().header("x-token-name", "Zoë");
    let buyer = json!({ "name": "Zoë", "role": null });
    assert_eq!(json(named).await, json!({ "buyer": buyer }));

    let request = shop.get("/buy").header("x-token-name", "<b>Ada");
    let request = request.header("x-token-role", "buyer");
    let page = text(request.send().await.unwrap()).await;
    assert!(page.contains("You are &#60;b&#62;Ada"), "{page}");
    assert!(page.contains("with the role buyer"), "{page}");

    let buy = shop.post("/buy/1").header("accept", "application/json");
    let buy = buy.header("x-token-name", "Ada");
    let sale = json(buy.header("x-token-role", "buyer")).await;
    assert_eq!(sale["buyer"], json!({ "name": "Ada", "role": "buyer" }));
    let message = "Sold: it is yours. web's sidecar let you in as Ada, with the role buyer.";
    assert_eq!(sale["message"], message);
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let shop = Shop::start(&[SIGN_IN]).await;
    for (path, allow) in [("/buy", "GET,HEAD"), ("/sign-in", "POST")] {
        let url = format!("{}{path}", shop.url);
        let response = shop.http.put(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], allow);
    }
}
