//! What a start finds that the one before has not ended in order.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, User, geteuid};

use crate::{Up, content, folder, until, up};

/// The process that `postmaster.pid` names.
fn postmaster(folder: &Path) -> i32 {
    let file = fs::read_to_string(folder.join("widgetario/database/postmaster.pid")).unwrap();
    file.lines().next().unwrap().parse().unwrap()
}

/// What `ps` tells of the process `id`; nothing of one that has ended.
fn told(id: i32, column: &str) -> String {
    let mut ps = Command::new("ps");
    ps.args(["-o", column, "-p", &id.to_string()]);
    let told = String::from_utf8(ps.output().unwrap().stdout).unwrap();
    told.trim().to_owned()
}

fn is_running(id: i32) -> bool {
    !matches!(told(id, "stat=").chars().next(), None | Some('Z'))
}

/// Somebody's process, of the user whom PostgreSQL runs as.
fn stranger() -> std::process::Child {
    let mut command = Command::new("sleep");
    command.arg("1000");
    if geteuid().is_root() {
        command.uid(User::from_name("nobody").unwrap().unwrap().uid.as_raw());
    }
    command.spawn().unwrap()
}

#[test]
fn stranger_with_the_number_of_a_crashed_server_is_left_alone() {
    let folder = folder();
    let mut first = Up::start(folder.path(), &[]);
    first.buy(1);
    let server = postmaster(folder.path());
    let file = folder.path().join("widgetario/database/postmaster.pid");
    let left = fs::read_to_string(&file).unwrap();
    first.signal(Signal::SIGTERM);
    first.wait_until_gone();
    let mut stranger = stranger();
    let id = stranger.id().to_string();
    fs::write(&file, left.replace(&server.to_string(), &id)).unwrap();

    let mut second = Up::start(folder.path(), &[]);
    assert!(content(&second).contains(r#""stock":599"#));
    second.signal(Signal::SIGTERM);
    second.wait_until_gone();
    assert!(stranger.try_wait().unwrap().is_none());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn server_that_outlived_its_watchdog_gives_way_to_the_next() {
    let folder = folder();
    let mut first = Up::start(folder.path(), &[]);
    first.buy(1);
    let server = postmaster(folder.path());
    let watchdog = told(server, "pgid=").parse().unwrap();
    kill(Pid::from_raw(watchdog), Signal::SIGKILL).unwrap();
    first.signal(Signal::SIGKILL);
    first.process.wait().unwrap();
    assert!(is_running(server));

    let mut second = Up::start(folder.path(), &[]);
    assert!(content(&second).contains(r#""stock":599"#));
    until("the first server's end", || !is_running(server));
    second.signal(Signal::SIGTERM);
    second.wait_until_gone();
}

#[test]
fn shop_stops_its_server_though_somebody_killed_the_watchdog() {
    let folder = folder();
    let mut up = Up::start(folder.path(), &[]);
    let server = postmaster(folder.path());
    let watchdog = told(server, "pgid=").parse().unwrap();
    kill(Pid::from_raw(watchdog), Signal::SIGKILL).unwrap();
    up.signal(Signal::SIGTERM);
    up.wait_until_gone();
    until("the server's end", || !is_running(server));
}

#[test]
fn first_start_can_be_killed_at_any_moment() {
    for (signal, moment) in [
        (Signal::SIGKILL, ""),
        (Signal::SIGINT, "database/PG_VERSION"),
        (Signal::SIGKILL, "database/global/pg_control"),
        (Signal::SIGTERM, "database/base/4"),
        (Signal::SIGKILL, "database/base/5"),
    ] {
        let folder = folder();
        let shop = folder.path().join("widgetario");
        let mut command = up(folder.path(), &[]);
        let mut first = command.process_group(0).spawn().unwrap();
        let tries = || fs::read_dir(&shop).into_iter().flatten().flatten();
        let tries = || tries().filter(|entry| is_unfinished(&entry.path()));
        until(moment, || {
            let begun = tries().any(|entry| entry.path().join(moment).exists());
            begun || shop.join("database").exists()
        });
        killpg(Pid::from_raw(first.id().try_into().unwrap()), signal).unwrap();
        first.wait().unwrap();
        until("the end of initdb", || !mentioned(&shop));
        // It ended before its work was done.
        let done = tries().any(|entry| entry.path().join("database/base/5").exists());
        assert!(!done || moment.starts_with("database/base"), "{moment}");

        let mut second = Up::start(folder.path(), &[]);
        assert_eq!(second.page().status(), 200);
        assert_eq!(tries().count(), 0);
        second.signal(Signal::SIGTERM);
        second.wait_until_gone();
    }
}

fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.starts_with("database.unfinished")
}

/// Whether a process has `folder` in its command line.
fn mentioned(folder: &Path) -> bool {
    let processes = Command::new("ps").args(["-axww", "-o", "args="]).output();
    let processes = String::from_utf8_lossy(&processes.unwrap().stdout).into_owned();
    processes.contains(folder.to_str().unwrap())
}
