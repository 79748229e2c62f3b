//! A database that demands TLS, for programs with the feature `database-tls`.
#![cfg(all(unix, feature = "database-tls"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use chassis::{ConnectError, database_url};
use local_postgres::Server;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sqlx::PgConnection;
use tempfile::TempDir;

/// A server that lets nobody in without TLS, with a certificate for `localhost` and no other host.
struct Database {
    server: Server,
    folder: TempDir,
}

impl Database {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(authority, key).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        for (name, text) in [
            ("ca.crt", authority.pem()),
            ("server.crt", certificate.pem()),
            ("server.key", key.serialize_pem()),
            ("hba", "hostssl all all all scram-sha-256\n".to_owned()),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
            hand_over(&folder.path().join(name), 0o600);
        }
        hand_over(folder.path(), 0o700);
        let file = |name: &str| folder.path().join(name).display().to_string();
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", file("server.crt")),
            format!("ssl_key_file={}", file("server.key")),
            format!("hba_file={}", file("hba")),
        ];
        let server = Server::scratch_with(&settings.each_ref().map(String::as_str)).unwrap();
        Self { server, folder }
    }

    /// Connects to `host` with these parameters of the URL.
    async fn connect(&self, host: &str, parameters: &str) -> Result<PgConnection, ConnectError> {
        let url = self.server.superuser("postgres").replace("127.0.0.1", host);
        let options = database_url(&format!("{url}?{parameters}")).unwrap();
        chassis::connect(options, 1).await
    }

    /// Why there is no connection.
    async fn refusal(&self, host: &str, parameters: &str) -> String {
        let error = self.connect(host, parameters).await.err();
        error.expect("a refusal").to_string()
    }

    fn authority(&self) -> String {
        format!(
            "sslrootcert={}",
            self.folder.path().join("ca.crt").display()
        )
    }
}

/// Gives a file to the user as whom PostgreSQL runs.
fn hand_over(path: &Path, mode: u32) {
    use std::os::unix::fs::{PermissionsExt, chown};
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    if nix::unistd::geteuid().is_root() {
        let nobody = nix::unistd::User::from_name("nobody").unwrap().unwrap();
        chown(path, Some(nobody.uid.as_raw()), Some(nobody.gid.as_raw())).unwrap();
    }
}

#[tokio::test]
async fn certificate_of_the_host_by_a_known_authority_is_trusted_and_no_other() {
    let database = Database::start();
    let known = format!("sslmode=verify-full&{}", database.authority());
    let mut connection = database.connect("localhost", &known).await.unwrap();
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let encrypted = sqlx::query_scalar::<_, bool>(encrypted);
    assert!(encrypted.fetch_one(&mut connection).await.unwrap());

    let stranger = database.refusal("localhost", "sslmode=verify-full").await;
    assert!(stranger.starts_with("no TLS with localhost:"), "{stranger}");
    assert!(stranger.contains("UnknownIssuer"), "{stranger}");
    let other = database.refusal("127.0.0.1", &known).await;
    assert!(
        other.contains("needs a certificate for that very host"),
        "{other}"
    );
    drop(connection);
    database.server.stop();
}

#[tokio::test]
async fn server_that_demands_tls_is_told_with_the_mode_that_speaks_it() {
    let database = Database::start();
    let plain = database.refusal("localhost", "sslmode=disable").await;
    assert!(plain.contains("no encryption"), "{plain}");
    assert!(
        plain.ends_with("one that demands TLS needs sslmode=verify-full in the URL"),
        "{plain}"
    );
    database.server.stop();
}

#[tokio::test]
async fn server_without_tls_is_refused_where_tls_is_asked_for() {
    let server = Server::scratch().unwrap();
    let url = format!("{}?sslmode=require", server.superuser("postgres"));
    let error = chassis::connect(database_url(&url).unwrap(), 1).await.err();
    let refusal = error.expect("a refusal").to_string();
    assert!(refusal.contains("server does not support TLS"), "{refusal}");
    server.stop();
}

#[test]
fn file_that_cannot_be_read_is_named() {
    let url = "postgres://role@host/shop?sslmode=verify-full&sslrootcert=/nowhere/ca.crt";
    let refusal = database_url(url).unwrap_err();
    assert!(
        refusal.contains("the file of sslrootcert, /nowhere/ca.crt: No such file"),
        "{refusal}"
    );
}
