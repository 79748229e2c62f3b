//! Chromium, which photographs the page.

use std::time::Duration;

use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use serde_json::json;
use testkit::chromium::Browser;

/// In pixels; Chromium without a screen keeps 143 of the height for itself.
const WINDOW: &str = "1280,943";

/// What is done before the photograph.
pub(crate) enum Act {
    /// An element is brought to the top.
    Scroll(&'static str),
    /// An element is clicked, another one appears, and a third is brought to the top.
    Click(&'static str, &'static str, &'static str),
    /// The page is left alone.
    Wait(Duration),
}

/// The page at `url` after `act`: a PNG.
///
/// # Errors
/// When the page does not show what it should.
pub(crate) async fn photograph(url: &str, act: &Act) -> anyhow::Result<Vec<u8>> {
    let browser = Browser::open_in_size(url, WINDOW).await;
    let page = &browser.page;
    match act {
        Act::Scroll(top) => scroll(page, top).await?,
        Act::Click(button, sign, top) => {
            let button = page.wait().for_element(Locator::Css(button)).await?;
            button.click().await?;
            page.wait().for_element(Locator::Css(sign)).await?;
            scroll(page, top).await?;
        }
        Act::Wait(duration) => tokio::time::sleep(*duration).await,
    }
    Ok(page.screenshot().await?)
}

async fn scroll(page: &Client, top: &str) -> Result<(), CmdError> {
    let script = "document.querySelector(arguments[0]).scrollIntoView()";
    page.execute(script, vec![json!(top)]).await?;
    Ok(())
}
