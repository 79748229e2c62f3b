//! `DATABASE_URL`, read as libpq reads it
//! (<https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS>), except
//! that this build speaks no TLS, and that neither the environment nor `~/.pgpass` is read.

use reqwest::Url;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

const FORM: &str = "a URL such as postgres://role:password@host:5432/database";

/// Reads a database's URL (a clap value parser).
///
/// # Errors
/// A phrase that says what is allowed; it never quotes the URL, which may hold a password.
pub fn database_url(text: &str) -> Result<PgConnectOptions, String> {
    let text = text.trim();
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err(FORM.into());
    }
    let unencoded = || {
        format!(
            "{FORM}, in whose role and password the characters @ / # ? % [ ] are written %40 %2F %23 \
             %3F %25 %5B %5D"
        )
    };
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
    let parameter = |names: &[&str]| {
        let mut pairs = url.query_pairs();
        let found = pairs.find(|(name, _)| names.contains(&&**name));
        found.map(|(_, value)| value.into_owned())
    };
    if let Some(mode) = parameter(&["sslmode", "ssl-mode"])
        && !["disable", "allow", "prefer"].contains(&mode.as_str())
    {
        return Err(format!(
            "{FORM}, with sslmode=disable: this program speaks no TLS, which sslmode={mode} asks for"
        ));
    }
    if url.host_str().is_none_or(str::is_empty) && parameter(&["host", "hostaddr"]).is_none() {
        return Err(format!("{FORM}: the host is missing"));
    }
    let has_password = url.password().is_some() || parameter(&["password"]).is_some();
    if !has_password {
        // Otherwise sqlx would read ~/.pgpass.
        url.query_pairs_mut().append_pair("password", "");
    }
    let options = PgConnectOptions::from_url(&url).map_err(|_| unencoded())?;
    let address = options.get_host().trim_matches(['[', ']']).to_owned();
    Ok(options.host(&address).ssl_mode(PgSslMode::Disable))
}
