//! Style, script and pictures: part of the binary, cached by browsers for ever.
//!
//! An asset's address holds a hash of its content, so that a new version has a new address.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::routing::get;

/// The addresses, for the templates.
pub(crate) struct Assets {
    pub(crate) css: String,
    pub(crate) script: String,
    pub(crate) live: String,
    pub(crate) widgets: String,
    pub(crate) favicon: String,
}

pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    css: address(&CSS),
    script: address(&SCRIPT),
    live: address(&LIVE),
    widgets: address(&WIDGETS),
    favicon: address(&FAVICON),
});

struct Asset {
    name: &'static str,
    extension: &'static str,
    media_type: &'static str,
    content: &'static str,
}

const CSS: Asset = Asset {
    name: "shop",
    extension: "css",
    media_type: "text/css; charset=utf-8",
    content: include_str!("../assets/shop.css"),
};
const SCRIPT: Asset = Asset {
    name: "shop",
    extension: "js",
    media_type: "text/javascript; charset=utf-8",
    content: include_str!("../assets/shop.js"),
};
const LIVE: Asset = Asset {
    name: "live",
    extension: "js",
    media_type: "text/javascript; charset=utf-8",
    content: include_str!("../assets/live.js"),
};
const WIDGETS: Asset = Asset {
    name: "widgets",
    extension: "svg",
    media_type: "image/svg+xml",
    content: include_str!("../assets/widgets.svg"),
};
const FAVICON: Asset = Asset {
    name: "favicon",
    extension: "svg",
    media_type: "image/svg+xml",
    content: include_str!("../assets/favicon.svg"),
};

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    [CSS, SCRIPT, LIVE, WIDGETS, FAVICON]
        .into_iter()
        .fold(Router::new(), |router, asset| {
            let headers = [
                (header::CONTENT_TYPE, asset.media_type),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            router.route(&address(&asset), get((headers, asset.content)))
        })
}

fn address(asset: &Asset) -> String {
    let hash = fnv1a(asset.content.as_bytes());
    format!("/assets/{}.{hash:016x}.{}", asset.name, asset.extension)
}

/// A short hash that is the same in every build
/// (<https://datatracker.ietf.org/doc/draft-eastlake-fnv/>); a collision would be of no use to
/// anybody.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
