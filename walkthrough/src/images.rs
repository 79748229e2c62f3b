//! The images of the shop: their names, once.

/// Where our images seem to come from. Nobody can own this name
/// (<https://www.rfc-editor.org/rfc/rfc2606>, section 2), so that a node that lacks an image finds
/// nobody else's in its place.
pub const REGISTRY: &str = "widgetario.invalid";

/// The shop's own images, without registry and tag.
pub const NAMES: [&str; 4] = ["web", "products-api", "stock-api", "products-db"];

/// The shop's own images in this version, such as `widgetario.invalid/web:0.1.0`.
pub fn shop() -> [String; 4] {
    NAMES.map(|name| format!("{REGISTRY}/{name}:{}", env!("CARGO_PKG_VERSION")))
}
