//! Which variables of the user's environment reach the services: those that `up --help` and the
//! services' own `--help` list, except those that `up` itself sets and those for other programs.

use std::env;
use std::ffi::{OsStr, OsString};

use tokio::process::Command;

use super::service::Name;

/// The end of `up --help`.
pub(crate) const HELP: &str = "\
Environment:
  DATABASE_URL     as --database-url
  WIDGETARIO_DATA_HOME
                   folder of the data (its own: `widgetario` in it), on each system
  WIDGETARIO_CACHE_HOME
                   folder of PostgreSQL's programs (likewise)
  XDG_DATA_HOME, XDG_CACHE_HOME, HOME
                   where those two are, if they are not set
  HTTPS_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE, SSL_CERT_DIR
                   for the one download of the first start
  NO_COLOR         no colours in the services' logs
  RUST_LOG, LOG_FORMAT, OTEL_…, JAEGER_URL, WIDGETARIO_ENVIRONMENT, CACHE_EXPIRY_SECONDS,
  DATABASE_TIMEOUT_SECONDS, UPSTREAM_TIMEOUT_SECONDS, SUPPLIER_URL
                   as for the services, each of which lists its own (`cargo run -p web -- --help`);
                   what names or addresses a service is up to this command

No variable of PostgreSQL's own (PGHOST, PGOPTIONS and their like) has a meaning here.";

/// What `up` decides for the services, whatever the user's shell has set for other programs.
const DECIDED: [&str; 13] = [
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
    "SIGN_IN",
    "STOCK_API_URL",
    "WIDGETARIO_THEME",
];

/// Removes from a service's environment what is not meant for it, and sets the service's name.
pub(crate) fn of_service(command: &mut Command, name: Name) {
    for variable in of_postgresql() {
        command.env_remove(variable);
    }
    for variable in DECIDED {
        command.env_remove(variable);
    }
    command.env("OTEL_SERVICE_NAME", name.as_str());
}

/// The variables that tell PostgreSQL's programs and clients where the server is.
fn of_postgresql() -> impl Iterator<Item = OsString> {
    let names = env::vars_os().map(|(name, _)| name);
    names.filter(|name| is_of_postgresql(name))
}

fn is_of_postgresql(name: &OsStr) -> bool {
    name.to_string_lossy()
        .to_ascii_uppercase()
        .starts_with("PG")
}
