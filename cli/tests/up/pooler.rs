//! A real `pgbouncer` between the shop and a PostgreSQL of the user's own.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::unistd::{User, geteuid};
use tempfile::TempDir;
use testkit::port::free_port;
use testkit::up::data_folder;
use testkit::wait::wait_until;

use crate::refusals::refusal;
use crate::{start_shop, up};

/// A `pgbouncer` in one of its modes, with nothing set that it does not need.
struct Pooler {
    process: Process,
    url: String,
    _folder: TempDir,
    server: local_postgres::Server,
}

impl Pooler {
    fn start(mode: &str) -> Self {
        Self::start_with(mode, "")
    }

    fn start_with(mode: &str, setting: &str) -> Self {
        let server = local_postgres::Server::scratch().unwrap();
        let folder = data_folder();
        let port = free_port();
        let (url, database) = (server.superuser("postgres"), server.port());
        let password = url.split([':', '@']).nth(2).unwrap();
        let (users, settings) = (folder.path().join("users"), folder.path().join("settings"));
        fs::write(&users, format!("\"postgres\" \"{password}\"\n")).unwrap();
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={database}\n[pgbouncer]\npool_mode = {mode}\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
             auth_type = scram-sha-256\nauth_file = {}\n{setting}\n",
            users.display()
        );
        fs::write(&settings, text).unwrap();
        let mut command = Command::new("/usr/sbin/pgbouncer");
        if geteuid().is_root() {
            let nobody = User::from_name("nobody").unwrap().unwrap(); // it refuses root
            command.uid(nobody.uid.as_raw()).gid(nobody.gid.as_raw());
        }
        let process = command.arg(settings).stderr(Stdio::null()).spawn().unwrap();
        wait_until("PgBouncer", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let url = url.replace(&format!(":{database}/"), &format!(":{port}/"));
        Self {
            process: Process(process),
            url,
            _folder: folder,
            server,
        }
    }

    fn stop(self) {
        drop(self.process);
        self.server.stop();
    }
}

/// A process that ends when this is dropped, after a test that failed, too.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "needs PgBouncer"]
fn pooler_that_shares_connections_is_refused() {
    let ignores = "ignore_startup_parameters = options";
    for (mode, setting) in [
        ("transaction", ""),
        ("transaction", ignores),
        ("statement", ""),
    ] {
        let pooler = Pooler::start_with(mode, setting);
        let folder = data_folder();
        let said = refusal(&mut up(folder.path(), &["--database-url", &pooler.url]));
        assert!(
            said.contains("name a pool in session mode, or PostgreSQL itself"),
            "{said}"
        );
        pooler.stop();
    }
}

#[test]
#[ignore = "needs PgBouncer"]
fn pooler_in_session_mode_serves() {
    let pooler = Pooler::start("session");
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &["--database-url", &pooler.url]);
    for _ in 0..20 {
        assert_eq!(up.page().status(), 200);
    }
    up.stop();
    pooler.stop();
}

#[test]
#[ignore = "needs PgBouncer"]
fn server_ends_late_statements_behind_a_pooler_that_ignores_what_it_is_asked() {
    for setting in ["", "ignore_startup_parameters = options"] {
        let pooler = Pooler::start_with("session", setting);
        let asked = async {
            let options = chassis::database_url(&pooler.url).unwrap();
            let mut connection = chassis::connect(options, 2).await.unwrap();
            let timeout = sqlx::query_scalar::<_, String>("SHOW statement_timeout");
            timeout.fetch_one(&mut connection).await.unwrap()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        assert_eq!(runtime.block_on(asked), "5s", "{setting}");
        drop(runtime);
        pooler.stop();
    }
}
