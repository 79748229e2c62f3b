//! A server whose data stays, in a folder that its user names.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::env;
use std::io::{BufRead, BufReader, Write, stdout};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{park, sleep};
use std::time::{Duration, Instant};

use local_postgres::{Error, Server};
use tempfile::TempDir;

/// Names the folder for the program that is killed.
const FOLDER: &str = "LOCAL_POSTGRES_TEST_FOLDER";

/// A new folder that everybody may enter: started by root, PostgreSQL runs as another user.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everybody).unwrap();
    }
    folder
}

/// Another process with a server in `folder`, and the server's port.
fn other_process(folder: &Path) -> (Child, u16) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([
        "--exact",
        "program_that_is_killed",
        "--ignored",
        "--nocapture",
    ]);
    command.env(FOLDER, folder).stdout(Stdio::piped());
    let mut process = command.spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let port = lines.find_map(|line| line.rsplit_once("port ")?.1.parse().ok());
    (process, port.expect("a server"))
}

#[test]
#[ignore = "the other tests run it as a program of its own"]
fn program_that_is_killed() {
    // Run by hand, with all ignored tests, it has nothing to do.
    if let Some(folder) = env::var_os(FOLDER) {
        let server = Server::start(Path::new(&folder)).unwrap();
        writeln!(stdout(), "port {}", server.port()).unwrap();
        loop {
            park();
        }
    }
}

#[test]
fn server_ends_with_a_killed_process_and_the_next_one_starts_at_once() {
    let folder = folder();
    let (mut process, port) = other_process(folder.path());
    process.kill().unwrap();
    process.wait().unwrap();
    // The folder stays locked until the first server has stopped.
    let next = Server::start(folder.path()).unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err() || next.port() == port);
    next.stop();
}

#[test]
fn data_of_a_running_server_is_neither_served_twice_nor_forgotten() {
    let folder = folder();
    let (mut process, port) = other_process(folder.path());
    assert!(matches!(Server::start(folder.path()), Err(Error::InUse(_))));
    assert!(matches!(
        Server::forget(folder.path()),
        Err(Error::InUse(_))
    ));
    assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
    process.kill().unwrap();
    process.wait().unwrap();
    wait_until_unlocked(folder.path());
}

#[test]
fn forgotten_data_is_made_anew() {
    let folder = folder();
    let mark = folder.path().join("database/mark");
    Server::start(folder.path()).unwrap().stop();
    std::fs::write(&mark, "").unwrap();
    Server::start(folder.path()).unwrap().stop();
    assert!(mark.exists());
    Server::forget(folder.path()).unwrap();
    Server::start(folder.path()).unwrap().stop();
    assert!(!mark.exists());
}

/// Waits for the end of the last watchdog, which has its lock in the folder.
fn wait_until_unlocked(folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Server::forget(folder).is_err() {
        assert!(Instant::now() < deadline, "the watchdog goes on");
        sleep(Duration::from_millis(20));
    }
}
