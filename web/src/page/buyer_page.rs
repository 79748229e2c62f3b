//! Who buys, as a page: where Sign in leads without scripts.

use askama::Template;
use axum::response::Html;

use super::frame::{Frame, render};
use crate::app_state::AppState;
use crate::contract::Buyer;

#[derive(Template)]
#[template(path = "buyer.html")]
struct BuyerPage<'a> {
    frame: Frame<'a>,
    buyer: Option<&'a Buyer>,
}

/// The page that says who `buyer` is.
pub(crate) fn page(app: &AppState, buyer: Option<&Buyer>) -> Html<String> {
    let frame = Frame::of(app);
    render(&BuyerPage { frame, buyer })
}
