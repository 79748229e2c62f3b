//! `GET /`: the shop's page, and the page that stands in for it.

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::assets::{ASSETS, Assets};
use crate::buy::Outcome;
use crate::shop::{Row, Shop};
use crate::{Storefront, Theme};

#[derive(Template)]
#[template(path = "shop.html")]
struct ShopPage<'a> {
    frame: Frame<'a>,
    notice: Option<Notice>,
    stock_known: bool,
    rows: Vec<Row>,
}

/// Stands in for the shop's page.
#[derive(Template)]
#[template(path = "sorry.html")]
struct SorryPage<'a> {
    frame: Frame<'a>,
    heading: &'a str,
    reason: &'a str,
    link: &'a str,
}

/// What all pages have in common.
struct Frame<'a> {
    theme: &'static str,
    environment: &'a str,
    version: &'a str,
    trace_id: Option<String>,
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
) -> Response {
    let Ok(shop) = Shop::ask(&storefront).await else {
        return closed(&storefront);
    };
    let bought = parameters.ok().and_then(|Query(parameters)| parameters.buy);
    let outcome = bought.and_then(|name| Outcome::named(&name));
    let page = ShopPage {
        frame: Frame::of(&storefront),
        notice: outcome.map(|outcome| Notice {
            tone: outcome.tone(),
            text: outcome.message(),
        }),
        stock_known: shop.products.iter().all(|row| row.stock.is_some()),
        rows: shop.products,
    };
    render(StatusCode::OK, &page)
}

fn closed(storefront: &Storefront) -> Response {
    let page = SorryPage {
        frame: Frame::of(storefront),
        heading: "The shelves are empty for a moment",
        reason: "The products service did not answer, so there is nothing to show.",
        link: "Try again",
    };
    render(StatusCode::SERVICE_UNAVAILABLE, &page)
}

/// Any path that the shop does not have.
pub(crate) async fn nothing_here(State(storefront): State<Storefront>) -> Response {
    let page = SorryPage {
        frame: Frame::of(&storefront),
        heading: "There is nothing here",
        reason: "The shop has one page, and it is not this one.",
        link: "To the shop",
    };
    render(StatusCode::NOT_FOUND, &page)
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
            trace_id: chassis::trace_id(),
            assets: &ASSETS,
        }
    }
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    let html = page.render().expect("rendering into a String cannot fail");
    (status, Html(html)).into_response()
}
