//! What of the user's environment reaches the shop: what `up --help` lists and what the services'
//! `--help` lists, but neither what `up` itself says of them nor what is meant for other programs.

use std::env;
use std::ffi::{OsStr, OsString};

use tokio::process::Command;

use super::service::Name;

/// The end of `up --help`.
pub(crate) const HELP: &str = "\
Environment:
  DATABASE_URL     as --database-url
  XDG_DATA_HOME    folder of the data (its own: `widgetario` in it)
  XDG_CACHE_HOME   folder of PostgreSQL's programs (likewise)
  HOME             where those two are, if they are not set
  HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR
                   for the one download of the first start
  NO_COLOR         no colours in the services' logs
  RUST_LOG, LOG_FORMAT, OTEL_…, JAEGER_URL, WIDGETARIO_ENVIRONMENT, CACHE_EXPIRY_SECONDS,
  DATABASE_TIMEOUT_SECONDS, UPSTREAM_TIMEOUT_SECONDS
                   as for the services, each of which lists its own (`cargo run -p web -- --help`);
                   what names or addresses a service is up to this command

No variable of PostgreSQL's own (PGHOST, PGOPTIONS and their like) has a meaning here.";

/// What `up` says of the services, whatever the user's shell has set for others.
const OURS: [&str; 12] = [
    "APP_VERSION",
    "DATABASE_PASSWORD_FILE",
    "DATABASE_URL",
    "DRAIN_SECONDS",
    "LISTEN_ADDRESS",
    "MANAGEMENT_PORT",
    "POD_NAME",
    "PORT",
    "PRICE_FACTOR",
    "PRODUCTS_API_URL",
    "STOCK_API_URL",
    "WIDGETARIO_THEME",
];

/// Takes from a service's environment what is not for it, and names it.
pub(crate) fn of_service(command: &mut Command, name: Name) {
    for variable in postgresqls() {
        command.env_remove(variable);
    }
    for variable in OURS {
        command.env_remove(variable);
    }
    command.env("OTEL_SERVICE_NAME", name.as_str());
}

/// The variables by which PostgreSQL's programs and clients are told where to go.
fn postgresqls() -> impl Iterator<Item = OsString> {
    let names = env::vars_os().map(|(name, _)| name);
    names.filter(|name| is_postgresqls(name))
}

fn is_postgresqls(name: &OsStr) -> bool {
    name.to_string_lossy()
        .to_ascii_uppercase()
        .starts_with("PG")
}
