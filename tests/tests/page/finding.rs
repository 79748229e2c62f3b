//! What the page says of calls of stock-api that all met the same obstacle.

use serde_json::json;
use testkit::chromium::Browser;

use crate::mesh::Mesh;
use crate::table::availabilities;

/// What web should find.
pub(crate) struct Finding {
    /// As `GET /api/shop` names it.
    pub(crate) cause: &'static str,
    pub(crate) title: &'static str,
    /// The file that opens or ends it, where there is one.
    pub(crate) file: Option<&'static str>,
}

impl Finding {
    /// Opens the page, where each row must say it, and the X-ray more of it.
    pub(crate) async fn assert_shown(&self, mesh: &Mesh) -> Browser {
        let browser = Browser::open(&mesh.url).await;
        assert_eq!(browser.status().await, 200);
        let reasons = browser.texts("tr[data-id] .availability small").await;
        assert_eq!(reasons, [self.title; 4]);
        let titles = browser.texts(".finding strong").await;
        assert_eq!(titles, [format!("{} × 4", self.title)]);
        if let Some(file) = self.file {
            let code = browser.texts(".finding code").await;
            assert!(code.contains(&file.to_owned()), "{code:?}");
        }
        for call in &mesh.content().await["calls"].as_array().unwrap()[1..] {
            let finding = &call["finding"];
            assert_eq!(finding["cause"], self.cause, "{call:#}");
            assert_eq!(finding["title"], self.title);
            assert_eq!(finding["file"], json!(self.file));
        }
        browser
    }

    /// The same, where no row knows how many are left, either.
    pub(crate) async fn assert_hides_stock(&self, mesh: &Mesh) -> Browser {
        let browser = self.assert_shown(mesh).await;
        assert_eq!(availabilities(&browser).await, ["unknown"; 4]);
        browser
    }
}
