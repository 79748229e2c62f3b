//! What all pages have in common.

use askama::Template;
use axum::response::Html;

use crate::app_state::AppState;
use crate::assets::{ASSETS, Assets};
use crate::settings::Theme;

/// Head, header and footer of a page.
pub(crate) struct Frame<'a> {
    pub(crate) theme: &'static str,
    pub(crate) environment: &'a str,
    pub(crate) version: &'a str,
    pub(crate) assets: &'a Assets,
}

impl<'a> Frame<'a> {
    pub(crate) fn of(app: &'a AppState) -> Self {
        Self {
            theme: match app.theme {
                Theme::Light => "light",
                Theme::Dark => "dark",
                Theme::Auto => "auto",
            },
            environment: &app.environment,
            version: &app.version,
            assets: &ASSETS,
        }
    }
}

/// A page as an answer.
pub(crate) fn render(page: &impl Template) -> Html<String> {
    Html(page.render().expect("rendering into a String cannot fail"))
}
