//! `DATABASE_URL`, read as libpq reads it
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>), except
//! that neither the environment nor `~/.pgpass` is read, that there is no TLS unless the URL asks for
//! it (and this build has the feature `database-tls`), and that what cannot be obeyed is refused.

use std::fs::File;

use reqwest::Url;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

const FORM: &str = "a URL such as postgres://role:password@host:5432/database";
const SPEAKS_TLS: bool = cfg!(feature = "database-tls");

/// The parameters that sqlx obeys; it would ignore all others.
const PARAMETERS: [&str; 10] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslmode",
    "statement-cache-capacity",
    "user",
];
/// Those that name a file for TLS.
const FILES: [&str; 3] = ["sslrootcert", "sslcert", "sslkey"];

/// Reads a database's URL (a clap value parser).
///
/// # Errors
/// A phrase that says what is allowed; it never quotes a part of the URL that may hold a password.
pub fn database_url(text: &str) -> Result<PgConnectOptions, String> {
    let text = text.trim();
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(FORM.into());
    }
    if has_several_hosts(text) {
        return Err(several_hosts());
    }
    let mut url: Url = text.parse().map_err(|_| unencoded())?;
    // Text after an unencoded / ? or # is not parsed as the password, but its @ is still there.
    let query = url.query().unwrap_or_default().split('&');
    let mut nameless = query.filter(|pair| !pair.contains('='));
    if url.fragment().is_some()
        || url.path().contains('@')
        || nameless.any(|part| part.contains('@'))
    {
        return Err(unencoded());
    }
    for (name, value) in url.query_pairs() {
        check(&name, &value)?;
    }
    let has = |names: &[&str]| url.query_pairs().any(|(name, _)| names.contains(&&*name));
    if url.host_str().is_none_or(str::is_empty) && !has(&["host", "hostaddr"]) {
        return Err(format!("{FORM}: the host is missing"));
    }
    if has(&FILES) && !has(&["sslmode"]) {
        return Err(format!(
            "{FORM}, with sslmode=verify-full beside the file for TLS, which nothing else uses"
        ));
    }
    let wants_tls = SPEAKS_TLS && has(&["sslmode"]);
    if url.password().is_none() && !has(&["password"]) {
        // Otherwise sqlx would read ~/.pgpass.
        url.query_pairs_mut().append_pair("password", "");
    }
    let options = PgConnectOptions::from_url(&url).map_err(|_| unencoded())?;
    let address = options.get_host().trim_matches(['[', ']']).to_owned();
    let options = options.host(&address);
    Ok(if wants_tls {
        options
    } else {
        options.ssl_mode(PgSslMode::Disable)
    })
}

/// Whether the part of the URL between role and database lists several hosts, as libpq allows.
fn has_several_hosts(text: &str) -> bool {
    let (_, behind) = text.split_once("://").unwrap_or_default();
    let (authority, rest) = behind.split_at(behind.find(['/', '?', '#']).unwrap_or(behind.len()));
    let hosts = authority.rsplit('@').next().unwrap_or_default();
    // With an @ behind them, they are the beginning of a password.
    hosts.contains(',') && !rest.contains('@')
}

/// Whether the parameter `name` can be obeyed.
fn check(name: &str, value: &str) -> Result<(), String> {
    match name {
        "host" | "hostaddr" | "port" if value.contains(',') => Err(several_hosts()),
        "sslmode" => check_mode(value),
        name if FILES.contains(&name) && !SPEAKS_TLS => Err(no_tls(name)),
        name if FILES.contains(&name) => match File::open(value) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{FORM}: the file of {name}, {value}: {error}")),
        },
        "target_session_attrs" => Err(format!(
            "{FORM}, without target_session_attrs: this program does not choose among servers, so name \
             the host that leads to the primary"
        )),
        name if PARAMETERS.contains(&name) || name.starts_with("options[") => Ok(()),
        // Behind an unencoded ? of a password is its end.
        _ if value.contains('@') => Err(unencoded()),
        _ => Err(format!(
            "{FORM}, without the parameter {name}, which this program does not know"
        )),
    }
}

fn check_mode(mode: &str) -> Result<(), String> {
    match mode {
        "disable" | "allow" | "prefer" => Ok(()),
        "require" | "verify-ca" | "verify-full" if SPEAKS_TLS => Ok(()),
        "require" | "verify-ca" | "verify-full" => Err(no_tls(&format!("sslmode={mode}"))),
        _ => Err(format!(
            "{FORM}, with an sslmode of disable, allow, prefer, require, verify-ca or verify-full"
        )),
    }
}

fn no_tls(what: &str) -> String {
    format!(
        "{FORM}, with sslmode=disable: this program speaks no TLS, which {what} asks for; built with \
         the feature database-tls, it does"
    )
}

fn several_hosts() -> String {
    format!(
        "{FORM}, with one host: this program does not choose among several, so name the one that leads \
         to the primary"
    )
}

fn unencoded() -> String {
    format!(
        "{FORM}, in whose role and password the characters @ / # ? % [ ] are written %40 %2F %23 \
         %3F %25 %5B %5D"
    )
}
