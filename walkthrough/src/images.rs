//! The images of the shop: their names, once.

use std::fs;

pub use crate::repository::{LOCAL, REGISTRY};

use crate::repository::checkout;

/// The shop's own images, without registry and tag.
pub const NAMES: [&str; 4] = ["web", "products-api", "stock-api", "products-db"];

/// The shop's own images, such as `widgetario.invalid/web:0.1.0`: those that the manifests of a
/// checkout name or, without a checkout in or above the current folder, those of this program.
pub fn shop() -> [String; 4] {
    let manifests = manifests();
    NAMES.map(|name| {
        let images = manifests.lines();
        let mut images = images.filter_map(|line| line.trim().strip_prefix("image: "));
        let named = images.find(|image| is_called(image, name));
        let own = || format!("{REGISTRY}/{name}:{}", env!("CARGO_PKG_VERSION"));
        named.map_or_else(own, str::to_owned)
    })
}

/// Whether an image has this name, before its tag or digest.
fn is_called(image: &str, name: &str) -> bool {
    let last = image.rsplit('/').next().unwrap_or_default();
    last.split([':', '@']).next() == Some(name)
}

/// The text of the shop's manifests in the checkout; none without one.
fn manifests() -> String {
    let folder = checkout().map(|root| root.join("k8s"));
    let files = folder.and_then(|folder| fs::read_dir(folder).ok());
    let texts = files.into_iter().flatten().flatten();
    texts
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .collect()
}
