//! What can be set, by flag or by variable.

use std::time::Duration;

use chassis::seconds;
use clap::{ArgAction, Args, ValueEnum};
use reqwest::Url;

/// What this service adds to the common settings.
#[derive(Args)]
pub struct Settings {
    /// Where products-api is
    #[arg(long, env, default_value = "http://products-api", value_parser = base_url)]
    pub(crate) products_api_url: Url,

    /// Where stock-api is
    #[arg(long, env, default_value = "http://stock-api", value_parser = base_url)]
    pub(crate) stock_api_url: Url,

    /// Whom to ask when there will be more of what is sold out, such as `http://supplier.example/deliveries`;
    /// nobody is asked by default
    #[arg(long, env, value_parser = supplier_url)]
    pub(crate) supplier_url: Option<Url>,

    /// Deadline of each call to them
    #[arg(long, env = "UPSTREAM_TIMEOUT_SECONDS", default_value = "3", value_parser = seconds::<50, 10_000>)]
    pub(crate) upstream_timeout: Duration,

    /// Colours of the page; auto follows the browser
    #[arg(long, env = "WIDGETARIO_THEME", value_enum, default_value = "auto")]
    pub(crate) theme: Theme,

    /// Shown as a badge on the page
    #[arg(long, env = "WIDGETARIO_ENVIRONMENT", default_value = "")]
    pub(crate) environment: String,

    /// Where a browser finds Jaeger, such as `http://localhost:16686`, for links to traces
    #[arg(long, env, value_parser = page_url)]
    pub(crate) jaeger_url: Option<Url>,

    /// true: the page has Sign in. Only behind a proxy that checks the token of who buys, and itself
    /// sets the headers x-token-name and x-token-role: web believes them
    #[arg(long, env, default_value = "false", action = ArgAction::Set)]
    pub(crate) sign_in: bool,

    /// What carries the traffic of web's pod, if it is in a mesh: then it can say at which end a call was
    /// refused or failed
    #[arg(long, env, value_enum, default_value = "sidecars")]
    pub(crate) mesh: Mesh,
}

/// The colours of the page.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// As the browser prefers.
    Auto,
}

/// What carries the traffic of the shop's pods in a mesh.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mesh {
    /// A proxy in each pod, which reads HTTP.
    Sidecars,
    /// A proxy on each node, ztunnel, which reads no HTTP, and waypoints for services that have one.
    Ambient,
}

fn base_url(text: &str) -> Result<Url, &'static str> {
    match Url::parse(text) {
        Ok(url) if url.scheme() == "http" && is_origin(&url) => Ok(url),
        _ => Err("an address such as http://products-api:8080"),
    }
}

/// Whether a URL names nothing but a host and a port: a password in it would show up in traces.
fn is_origin(url: &Url) -> bool {
    url.has_host() && url.as_str().trim_end_matches('/') == url.origin().ascii_serialization()
}

/// An address for a browser.
fn page_url(text: &str) -> Result<Url, &'static str> {
    page_of(&["http", "https"], text).ok_or("an address such as http://localhost:16686")
}

fn supplier_url(text: &str) -> Result<Url, &'static str> {
    page_of(&["http"], text).ok_or("an address such as http://supplier.example/deliveries")
}

/// An address of one of `schemes`: with any path, but without credentials, query and fragment.
fn page_of(schemes: &[&str], text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| {
        schemes.contains(&url.scheme())
            && (url.username(), url.password()) == ("", None)
            && (url.query(), url.fragment()) == (None, None)
    })
}
