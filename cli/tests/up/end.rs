use std::fs;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{Up, folder, until, up};

#[test]
fn interrupt_and_termination_stop_everything() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = folder();
        let mut up = Up::start(folder.path(), &[]);
        assert_eq!(up.services.len(), 4, "{:?}", up.services);
        assert_eq!(up.page().status(), 200);
        up.signal(signal);
        assert!(up.process.wait().unwrap().success());
        up.wait_until_gone();
    }
}

#[test]
fn nothing_survives_a_killed_parent() {
    let folder = folder();
    let mut up = Up::start(folder.path(), &[]);
    assert_eq!(up.page().status(), 200);
    up.signal(Signal::SIGKILL);
    up.wait_until_gone();
}

#[test]
fn shop_starts_at_once_after_its_parent_was_killed() {
    let folder = folder();
    let mut up = Up::start(folder.path(), &[]);
    for arguments in [&[][..], &["--fresh"], &[], &["--fresh"]] {
        up.signal(Signal::SIGKILL);
        up.process.wait().unwrap();
        up = Up::start(folder.path(), arguments);
        assert_eq!(up.page().status(), 200);
    }
    up.signal(Signal::SIGTERM);
    up.wait_until_gone();
}

#[test]
fn shop_ends_when_its_database_ends() {
    let folder = folder();
    let mut up = Up::start(folder.path(), &[]);
    let pid = folder.path().join("widgetario/database/postmaster.pid");
    let pid = fs::read_to_string(pid).unwrap();
    let pid = pid.lines().next().unwrap().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGQUIT).unwrap();
    assert_eq!(up.process.wait().unwrap().code(), Some(1));
    up.wait_until_gone();
}

#[test]
fn shop_ends_when_a_service_ends() {
    let folder = folder();
    let mut up = Up::start(folder.path(), &[]);
    let processes = Command::new("ps")
        .args(["-axo", "ppid=,pid=,args="])
        .output()
        .unwrap();
    let processes = String::from_utf8(processes.stdout).unwrap();
    let parent = up.process.id().to_string();
    let child = |line: &&str| {
        line.split_whitespace().next() == Some(&parent) && line.contains("service stock-api")
    };
    let stock = processes.lines().find(child).unwrap();
    let id = stock.split_whitespace().nth(1).unwrap().parse().unwrap();
    kill(Pid::from_raw(id), Signal::SIGKILL).unwrap();
    assert_eq!(up.process.wait().unwrap().code(), Some(1));
    up.wait_until_gone();
}

#[test]
fn shop_ends_when_nobody_reads_where_it_is() {
    let folder = folder();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let log = writer.try_clone().unwrap();
    let status = up(folder.path(), &[]).stdout(writer).stderr(log).status();
    assert_eq!(status.unwrap().code(), Some(141), "128 + SIGPIPE");
    let pid = folder.path().join("widgetario/database/postmaster.pid");
    until("PostgreSQL's end", || !pid.exists());
}
