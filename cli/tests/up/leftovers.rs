//! What a start finds that the one before has not ended in order.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, User, geteuid};
#[cfg(target_os = "linux")]
use testkit::frozen::Frozen;
use testkit::ps::{self, ps};
use testkit::up::data_folder;
use testkit::wait::wait_until;

use crate::{postmaster, start_shop, up};

fn is_running(id: Pid) -> bool {
    !matches!(ps::column(id, "stat=").chars().next(), None | Some('Z'))
}

/// A process that is not the shop's, of the user whom PostgreSQL runs as.
fn other_process() -> std::process::Child {
    let mut command = Command::new("sleep");
    command.arg("1000");
    if geteuid().is_root() {
        command.uid(User::from_name("nobody").unwrap().unwrap().uid.as_raw());
    }
    command.spawn().unwrap()
}

#[test]
fn other_process_with_the_id_of_a_crashed_server_is_left_alone() {
    let folder = data_folder();
    let mut first = start_shop(folder.path(), &[]);
    first.buy(1);
    let server = postmaster(folder.path());
    let file = folder.path().join("widgetario/database/postmaster.pid");
    let left = fs::read_to_string(&file).unwrap();
    first.stop();
    let mut other = other_process();
    let id = other.id().to_string();
    fs::write(&file, left.replace(&server.to_string(), &id)).unwrap();

    let mut second = start_shop(folder.path(), &[]);
    assert!(second.content().contains(r#""stock":599"#));
    second.stop();
    assert!(other.try_wait().unwrap().is_none());
    other.kill().unwrap();
    other.wait().unwrap();
}

/// Sells one of the first product in a shop that is killed then, its watchdog first; the server,
/// which goes on running.
fn outliving_server(folder: &Path) -> Pid {
    let mut shop = start_shop(folder, &[]);
    shop.buy(1);
    let server = postmaster(folder);
    let watchdog = ps::column(server, "pgid=").parse().unwrap();
    kill(Pid::from_raw(watchdog), Signal::SIGKILL).unwrap();
    shop.signal(Signal::SIGKILL);
    shop.wait();
    assert!(is_running(server));
    server
}

#[test]
fn server_that_outlived_its_watchdog_gives_way_to_the_next() {
    let folder = data_folder();
    let server = outliving_server(folder.path());
    let mut second = start_shop(folder.path(), &[]);
    assert!(second.content().contains(r#""stock":599"#));
    wait_until("the first server's end", || !is_running(server));
    second.stop();
}

/// The signals that a process has not taken yet, a bit each (`ShdPnd` in `proc_pid_status(5)`).
#[cfg(target_os = "linux")]
fn pending(id: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("ShdPnd:"));
    u64::from_str_radix(mask.unwrap().trim(), 16).unwrap()
}

/// What SIGINT is to the first process, a fast shutdown, is something else to each of the others.
#[cfg(target_os = "linux")]
#[test]
fn of_a_server_that_outlived_its_watchdog_only_the_first_process_is_interrupted() {
    let folder = data_folder();
    let server = outliving_server(folder.path());
    // It starts no child, and notices the end of none, from now on: the list stays true.
    let frozen_server = Frozen::new(server);
    let children = ps(&["-o", "pid=", "--ppid", &server.to_string()]);
    let children = children.split_whitespace().map(|id| id.parse().unwrap());
    let children: Vec<_> = children.map(Pid::from_raw).collect();
    assert!(!children.is_empty());
    let is_interrupted = |id: Pid| pending(id) & (1 << (Signal::SIGINT as u32 - 1)) != 0;

    let mut second = std::thread::scope(|scope| {
        // They take no signal, so that what they are sent can be counted.
        let frozen: Vec<_> = children.iter().map(|id| Frozen::new(*id)).collect();
        let second = scope.spawn(|| start_shop(folder.path(), &[]));
        wait_until("SIGINT", || is_interrupted(server));
        let interrupted = children.iter().filter(|id| is_interrupted(**id));
        assert_eq!(interrupted.count(), 0);
        drop((frozen, frozen_server));
        second.join().unwrap()
    });
    second.stop();
}

#[test]
fn shop_stops_its_server_though_somebody_killed_the_watchdog() {
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &[]);
    let server = postmaster(folder.path());
    let watchdog = ps::column(server, "pgid=").parse().unwrap();
    kill(Pid::from_raw(watchdog), Signal::SIGKILL).unwrap();
    up.stop();
    wait_until("the server's end", || !is_running(server));
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
        let folder = data_folder();
        let shop = folder.path().join("widgetario");
        let mut command = up(folder.path(), &[]);
        let mut first = command.process_group(0).spawn().unwrap();
        let entries = || fs::read_dir(&shop).into_iter().flatten().flatten();
        let tries = || entries().filter(|entry| is_unfinished(&entry.path()));
        wait_until(moment, || {
            let begun = tries().any(|entry| entry.path().join(moment).exists());
            begun || shop.join("database").exists()
        });
        killpg(Pid::from_raw(first.id().try_into().unwrap()), signal).unwrap();
        first.wait().unwrap();
        wait_until("the end of initdb", || !mentioned(&shop));
        // It ended before its work was done.
        let done = tries().any(|entry| entry.path().join("database/base/5").exists());
        assert!(!done || moment.starts_with("database/base"), "{moment}");

        let mut second = start_shop(folder.path(), &[]);
        assert_eq!(second.page().status(), 200);
        assert_eq!(tries().count(), 0);
        second.stop();
    }
}

/// Whether a database was being made in the folder `path`.
fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.starts_with("database.unfinished")
}

/// Whether a process has `folder` in its command line.
fn mentioned(folder: &Path) -> bool {
    ps(&["-axww", "-o", "args="]).contains(folder.to_str().unwrap())
}
