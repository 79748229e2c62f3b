//! Sign in with tokens that a real Envoy checks, made by the `widgetario` command.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::chromium::Browser;

use crate::filters::{abort, buyers_only, fault, people};
use crate::mesh::{Mesh, Plan};
use crate::table::buy;

const STATE: &str = ".sign-in [role=status]";
const FILE: &str = "istio/demo6/jwt/buyers-only.yaml";
const PEOPLE: &str = "istio/demo6/jwt/people.yaml";

/// What `widgetario token` prints.
fn token(options: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop-tests"));
    let output = command.arg("token").args(options).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The stage `demo6/jwt`.
pub(crate) fn jwt(plan: &mut Plan) {
    plan.web.push(("SIGN_IN", "true"));
    plan.into_web.filters.extend([people(), buyers_only()]);
}

async fn wait_for(browser: &Browser, css: &str, text: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let shown = browser.texts(css).await.concat();
        if shown.contains(text) {
            return;
        }
        assert!(Instant::now() < deadline, "{text:?} in {shown:?}");
        browser.next_frame().await;
    }
}

/// Loads the page anew, which ends notices that lie over the table, and buys.
async fn reload_and_buy(browser: &Browser, id: i64) {
    browser.page.refresh().await.unwrap();
    buy(browser, id).await;
}

/// Pastes a token, and submits it.
async fn sign_in(browser: &Browser, token: &str) {
    let field = browser.wait("input[name=token]").await;
    field.send_keys(token.trim()).await.unwrap();
    browser.click("form[action='/sign-in'] button").await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn buy_needs_a_token_with_the_role_and_names_who_bought() {
    let mesh = Mesh::start(jwt).await;
    let before = mesh.stock(1).await;
    let browser = Browser::open(&mesh.url).await;
    wait_for(&browser, STATE, "You are not signed in").await;
    buy(&browser, 1).await;
    wait_for(&browser, ".notice", "(403): nothing was sold").await;
    assert_eq!(browser.texts(".notice code").await, [FILE]);

    sign_in(&browser, &token(&["--name", "Zoë"])).await;
    wait_for(&browser, STATE, "You are Zoë, without a role").await;
    reload_and_buy(&browser, 1).await;
    wait_for(&browser, ".notice", "(403): nothing was sold").await;
    assert_eq!(mesh.stock(1).await, before);

    sign_in(&browser, &token(&["--role", "buyer"])).await;
    wait_for(&browser, STATE, "You are Ada, with the role buyer").await;
    reload_and_buy(&browser, 1).await;
    let let_in = "Sold: it is yours. web's sidecar let you in as Ada, with the role buyer.";
    wait_for(&browser, ".notice", let_in).await;
    assert_eq!(mesh.stock(1).await, before.as_i64().unwrap() - 1);

    browser.click("form[action='/sign-out'] button").await;
    wait_for(&browser, STATE, "You are not signed in").await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn refused_token_says_why_and_closes_neither_the_page_nor_sign_out() {
    let mesh = Mesh::start(jwt).await;
    let before = mesh.stock(1).await;
    let browser = Browser::open(&mesh.url).await;
    for (options, why) in [
        (
            &["--wrong-key"][..],
            "The signature of your token is not by the issuer's key",
        ),
        (&["--expires-in", "-5"], "Your token has expired"),
        (
            &["--issuer", "https://elsewhere.example"],
            "Nobody here knows the issuer of your token",
        ),
    ] {
        let why = format!("{why}, so web's sidecar refused it (401).");
        let options = [&["--role", "buyer"], options].concat();
        sign_in(&browser, &token(&options)).await;
        wait_for(&browser, STATE, &why).await;
        reload_and_buy(&browser, 1).await;
        wait_for(&browser, ".notice", &format!("Nothing was sold. {why}")).await;
        assert_eq!(browser.texts(".notice code").await, [PEOPLE]);
        assert_eq!(browser.status().await, 200);
        wait_for(&browser, STATE, &why).await;
    }
    browser.click("form[action='/sign-out'] button").await;
    wait_for(&browser, STATE, "You are not signed in").await;
    assert_eq!(mesh.stock(1).await, before);
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn refusal_is_told_when_the_script_that_explains_it_does_not_load() {
    let mut lost = abort();
    lost["headers"] = json!([{ "name": ":path", "string_match": { "suffix": "/sign-in.js" } }]);
    let mesh = Mesh::start(|plan| plan.into_web.filters.extend([people(), fault(lost)])).await;
    let browser = Browser::open(&mesh.url).await;
    let token = token(&["--wrong-key"]);
    let cookie = format!("document.cookie = 'token={}; path=/buy'", token.trim());
    browser.eval(&cookie).await;
    buy(&browser, 1).await;
    let told = "Nothing was sold. web's sidecar refused your token (401).";
    wait_for(&browser, ".notice", told).await;
    assert_eq!(browser.texts(".notice code").await, [PEOPLE]);
    browser.wait("tr[data-id='1'] button:enabled").await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn without_scripts_sign_in_leads_to_a_page_that_names_the_person() {
    let mesh = Mesh::start(jwt).await;
    let browser = Browser::open_without_scripts(&mesh.url).await;
    sign_in(&browser, &token(&["--role", "buyer"])).await;
    browser.wait(".unavailable h1").await;
    assert_eq!(browser.text("h1").await, "You are Ada");
    browser.click(".button").await;
    buy(&browser, 1).await;
    let notice = browser.text(".notice[data-tone='success']").await;
    assert_eq!(notice, "Sold: it is yours.");
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn what_is_no_token_is_named_in_the_pages_own_words() {
    let mesh = Mesh::start(jwt).await;
    let browser = Browser::open(&mesh.url).await;
    wait_for(&browser, STATE, "You are not signed in").await;
    sign_in(&browser, "Ada").await;
    wait_for(
        &browser,
        STATE,
        "must be a token as widgetario token prints it",
    )
    .await;
}

#[tokio::test]
#[ignore = "needs Chromium and Envoy"]
async fn sidecar_removes_the_headers_that_a_visitor_forges() {
    let mesh = Mesh::start(jwt).await;
    let seen_as = async |token: Option<&str>| {
        let mut request = reqwest::Client::new()
            .get(format!("{}/buy", mesh.url))
            .header("accept", "application/json")
            .header("x-token-name", "Eve")
            .header("x-token-role", "buyer");
        if let Some(token) = token {
            request = request.header("cookie", format!("token={token}"));
        }
        let answer = request.send().await.unwrap();
        answer.json::<serde_json::Value>().await.unwrap()["buyer"].take()
    };
    assert_eq!(seen_as(None).await, serde_json::Value::Null);
    let without_role = token(&[]);
    let ada = json!({ "name": "Ada", "role": null });
    assert_eq!(seen_as(Some(without_role.trim())).await, ada);
}
