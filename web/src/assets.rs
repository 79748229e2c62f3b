//! Style, scripts and pictures: part of the binary, cached by browsers for ever.
//!
//! Their folder is named after a hash of all their content, so that a new version has new addresses. In it they
//! keep their names, by which one script imports another.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::routing::get;

/// The addresses, for the templates.
pub(crate) struct Assets {
    pub(crate) css: String,
    pub(crate) script: String,
    pub(crate) widgets: String,
    pub(crate) favicon: String,
}

pub(crate) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    css: address("shop.css"),
    script: address("shop.js"),
    widgets: address("widgets.svg"),
    favicon: address("favicon.svg"),
});

struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static str,
}

macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        Asset {
            name: $name,
            media_type: $media_type,
            content: include_str!(concat!("../assets/", $name)),
        }
    };
}

const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

const FILES: [Asset; 12] = [
    asset!("shop.css", STYLE),
    asset!("shop.js", SCRIPT),
    asset!("sign-in.js", SCRIPT),
    asset!("live.js", SCRIPT),
    asset!("live/counts.js", SCRIPT),
    asset!("live/panel.js", SCRIPT),
    asset!("live/results.js", SCRIPT),
    asset!("live/statistics.js", SCRIPT),
    asset!("live/strip.js", SCRIPT),
    asset!("live/visits.js", SCRIPT),
    asset!("widgets.svg", PICTURE),
    asset!("favicon.svg", PICTURE),
];

pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    FILES.into_iter().fold(Router::new(), |router, asset| {
        let headers = [
            (header::CONTENT_TYPE, asset.media_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        router.route(&address(asset.name), get((headers, asset.content)))
    })
}

fn address(name: &str) -> String {
    static FOLDER: LazyLock<String> = LazyLock::new(|| {
        let hash = fnv1a(FILES.iter().flat_map(|asset| asset.content.bytes()));
        format!("/assets/{hash:016x}")
    });
    format!("{}/{name}", *FOLDER)
}

/// A short hash that is the same in every build
/// (<https://datatracker.ietf.org/doc/draft-eastlake-fnv/>); nobody gains by a collision here.
fn fnv1a(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
