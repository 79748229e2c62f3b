//! `GET /`: the shop's page, and the page that stands in for it.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use chassis::{Forwarded, Problem};
use serde::Deserialize;

use crate::assets::{ASSETS, Assets};
use crate::buy::Outcome;
use crate::shop::{Row, Shop};
use crate::xray::XRay;
use crate::{Storefront, Theme, origin};

#[derive(Template)]
#[template(path = "shop.html")]
struct ShopPage<'a> {
    frame: Frame<'a>,
    notice: Option<Notice>,
    stock_known: bool,
    rows: Vec<Row>,
    xray: XRay,
}

/// Stands in for the shop's page when there is nothing to sell.
#[derive(Template)]
#[template(path = "closed.html")]
struct ClosedPage<'a> {
    frame: Frame<'a>,
    xray: XRay,
}

/// Any path that the shop does not have.
#[derive(Template)]
#[template(path = "nothing.html")]
struct NothingPage<'a> {
    frame: Frame<'a>,
}

/// What was refused, or failed, in words.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame<'a>,
    problem: &'a Problem,
}

/// What all pages have in common.
struct Frame<'a> {
    theme: &'static str,
    environment: &'a str,
    version: &'a str,
    assets: &'a Assets,
}

struct Notice {
    tone: &'static str,
    text: &'static str,
}

/// The result of a Buy without scripts, which ends in a redirect to the page.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    buy: Option<String>,
}

pub(crate) async fn show(
    State(storefront): State<Storefront>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    forwarded: Forwarded,
    request: Request,
) -> Response {
    let Shop { products, xray } = Shop::ask(&storefront, request.headers(), &forwarded).await;
    let frame = Frame::of(&storefront);
    let timing = xray.server_timing();
    let Some(rows) = products else {
        let page = ClosedPage { frame, xray };
        return (timing, render(StatusCode::SERVICE_UNAVAILABLE, &page)).into_response();
    };
    let bought = parameters.ok().and_then(|Query(parameters)| parameters.buy);
    // Another site's link may say what it likes.
    let bought = bought.filter(|_| origin::is_ours(&request));
    let outcome = bought.and_then(|name| Outcome::named(&name));
    let page = ShopPage {
        frame,
        notice: outcome.map(|outcome| Notice {
            tone: outcome.tone(),
            text: outcome.message(),
        }),
        stock_known: rows.iter().all(|row| row.stock.is_some()),
        rows,
        xray,
    };
    (timing, render(StatusCode::OK, &page)).into_response()
}

pub(crate) async fn not_allowed() -> Problem {
    Problem::not_allowed()
}

/// Middleware that answers a [`Problem`] as a page, unless a program asks.
pub(crate) async fn for_people(
    State(storefront): State<Storefront>,
    request: Request,
    next: Next,
) -> Response {
    let is_program = is_program(&request);
    let mut response = next.run(request).await;
    if is_program {
        return response;
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let frame = Frame::of(&storefront);
    let html = ProblemPage {
        frame,
        problem: &problem,
    }
    .render();
    let html = html.expect("rendering into a String cannot fail");
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_TYPE);
    (head, Html(html)).into_response()
}

/// Whether a program asks, and not a person.
fn is_program(request: &Request) -> bool {
    request.uri().path().starts_with("/api/") || wants_json(request.headers())
}

/// Whether JSON is asked for, as the page's script does.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("application/json"))
}

pub(crate) async fn nothing_here(
    State(storefront): State<Storefront>,
    request: Request,
) -> Response {
    if is_program(&request) {
        let detail = "There is nothing here.";
        return Problem::new(StatusCode::NOT_FOUND, detail).into_response();
    }
    let frame = Frame::of(&storefront);
    render(StatusCode::NOT_FOUND, &NothingPage { frame })
}

impl<'a> Frame<'a> {
    fn of(storefront: &'a Storefront) -> Self {
        Self {
            theme: match storefront.theme {
                Theme::Light => "light",
                Theme::Dark => "dark",
                Theme::Auto => "auto",
            },
            environment: &storefront.environment,
            version: &storefront.version,
            assets: &ASSETS,
        }
    }
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    let html = page.render().expect("rendering into a String cannot fail");
    (status, Html(html)).into_response()
}
