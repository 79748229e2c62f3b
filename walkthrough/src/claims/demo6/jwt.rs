//! Who the person is: Buy needs a token, which web's sidecar checks.

use web::contract::{Buyer, Buying, SaleOutcome};

use crate::claims::analysis;
use crate::claims::claim::Claim;
use crate::claims::target::Target;
use crate::observe::page::Page;
use crate::observe::shop::ShopClient;
use crate::observe::wait::wait_until;
use crate::token::Token;

/// A try to buy a product that does not exist: it shows who may buy, and sells nothing.
const BUY: &str = "/buy/999";

pub(in crate::claims) fn jwt(target: &Target) -> anyhow::Result<Vec<Claim>> {
    let shop = &target.shop;
    let buyer = Token::of("Ada", Some("buyer")).signed()?;
    // The policies and web's setting take effect one after the other.
    wait_until(|| {
        shop.post(BUY).status == 403
            && with_cookie(shop, &buyer, BUY).status == 404
            && shop.get("/buy", &[]).status == 200
    });
    let mut claims = vec![page_is_open(shop), without_a_token(shop)];
    claims.push(without_the_role(shop)?);
    claims.push(sold_to_ada(shop, &buyer));
    claims.push(by_header(shop, &buyer));
    claims.extend(refused(shop)?);
    claims.push(cookie_of_sign_in(shop, &buyer));
    claims.push(forged(shop)?);
    claims.push(analysis::of_cluster()?);
    Ok(claims)
}

/// Posts to `path` as a browser does that is signed in with `token`.
fn with_cookie(shop: &ShopClient, token: &str, path: &str) -> Page {
    shop.post_with(path, &[("cookie", &format!("token={token}"))])
}

fn ada() -> Buyer {
    Buyer {
        name: "Ada".to_owned(),
        role: Some("buyer".to_owned()),
    }
}

fn seen(page: &Page) -> String {
    format!("status {}: {}", page.status, page.body.trim())
}

fn page_is_open(shop: &ShopClient) -> Claim {
    let page = shop.get("/", &[]);
    Claim::new(
        "the page is there without a token, and has Sign in",
        page.shows_all() && page.body.contains(r#"action="/sign-in""#),
        format!("status {}", page.status),
    )
}

fn without_a_token(shop: &ShopClient) -> Claim {
    let buy = shop.post(BUY);
    Claim::new(
        "Buy without a token is refused with 403",
        buy.status == 403 && buy.body == "RBAC: access denied",
        seen(&buy),
    )
}

fn without_the_role(shop: &ShopClient) -> anyhow::Result<Claim> {
    let tokens = [Token::of("Ada", None), Token::of("Ada", Some("visitor"))];
    let tokens = tokens.iter().map(Token::signed);
    let tokens = tokens.collect::<anyhow::Result<Vec<_>>>()?;
    let tries = tokens.iter().map(|token| with_cookie(shop, token, BUY));
    let tries: Vec<Page> = tries.collect();
    Ok(Claim::new(
        "so is Buy with a good token that lacks the role, or has another",
        tries.iter().all(|buy| buy.status == 403),
        tries.iter().map(seen).collect::<Vec<_>>().join("; "),
    ))
}

fn sold_to_ada(shop: &ShopClient, token: &str) -> Claim {
    let buy = with_cookie(shop, token, "/buy/1");
    let sale = buy.sale();
    let is_sold = sale.as_ref().map(|sale| sale.outcome) == Some(SaleOutcome::Sold);
    let buyer = sale.as_ref().and_then(|sale| sale.buyer.as_ref());
    Claim::new(
        "with the role buyer in the cookie's token, Buy works, and names Ada",
        buy.status == 200 && is_sold && buyer == Some(&ada()),
        format!(
            "status {}: {:?}",
            buy.status,
            sale.as_ref().map_or("", |sale| &sale.message)
        ),
    )
}

fn by_header(shop: &ShopClient, token: &str) -> Claim {
    let authorization = format!("Bearer {token}");
    let buy = shop.post_with(BUY, &[("authorization", &authorization)]);
    Claim::new(
        "so it does with the same token in the header that programs send",
        buy.sale().and_then(|sale| sale.buyer) == Some(ada()),
        format!("status {}", buy.status),
    )
}

/// Tokens that the sidecar refuses itself, each in its own words.
fn refused(shop: &ShopClient) -> anyhow::Result<Vec<Claim>> {
    let good = || Token::of("Ada", Some("buyer"));
    let cases = [
        (
            "signed by another key",
            "Jwt verification fails",
            Token {
                wrong_key: true,
                ..good()
            },
        ),
        (
            "that has expired",
            "Jwt is expired",
            Token {
                expires_in: -5,
                ..good()
            },
        ),
        (
            "of an unknown issuer",
            "Jwt issuer is not configured",
            Token {
                issuer: "https://elsewhere.example".to_owned(),
                ..good()
            },
        ),
    ];
    let claims = cases.into_iter().map(|(which, words, token)| {
        let buy = with_cookie(shop, &token.signed()?, BUY);
        Ok(Claim::new(
            format!("a token {which} is refused with 401: {words}"),
            buy.status == 401 && buy.body == words,
            seen(&buy),
        ))
    });
    claims.collect()
}

/// The page must stay there for whoever has a token that is refused.
fn cookie_of_sign_in(shop: &ShopClient, token: &str) -> Claim {
    let answer = shop.submit("/sign-in", "token", token);
    let cookie = answer.header("set-cookie");
    let expected = format!("token={token}; Path=/buy; HttpOnly; SameSite=Strict");
    Claim::new(
        "Sign in sets a cookie that goes to /buy alone, so that no token can close the page",
        answer.status == 303 && cookie == expected,
        format!("status {}: {}", answer.status, cookie.replace(token, "…")),
    )
}

/// Somebody writes the headers in which web's sidecar tells web who the person is.
fn forged(shop: &ShopClient) -> anyhow::Result<Claim> {
    let without_role = Token::of("Ada", None).signed()?;
    let cookie = format!("token={without_role}");
    let accept = ("accept", "application/json");
    let forged = [("x-token-name", "Eve"), ("x-token-role", "buyer"), accept];
    let seen_as = |headers: &[(&str, &str)]| {
        let page = shop.get("/buy", headers);
        let buying: Result<Buying, _> = serde_json::from_str(&page.body);
        buying.map_or_else(
            |error| format!("status {}: {error}", page.status),
            |buying| match buying.buyer {
                Some(buyer) => buyer.to_string(),
                None => "nobody".to_owned(),
            },
        )
    };
    let without = seen_as(&forged);
    let with = seen_as(&[&forged[..], &[("cookie", &cookie)]].concat());
    let buy = shop.post_with(BUY, &forged[..2]);
    Ok(Claim::new(
        "nobody can forge the headers that tell web who it is, and what the person may do",
        without == "nobody" && with == "Ada, without a role" && buy.status == 403,
        format!(
            "Eve, a buyer by such headers, is {without} without a token; with Ada's, {with}; Buy: {}",
            seen(&buy)
        ),
    ))
}
