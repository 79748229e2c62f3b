//! What makes the shop end, and that nothing of it goes on running.

use nix::sys::signal::{Signal, kill};
use testkit::up::data_folder;
use testkit::wait::wait_until;

use crate::{postmaster, start_shop, up};

#[test]
fn interrupt_and_termination_stop_everything() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = data_folder();
        let mut up = start_shop(folder.path(), &[]);
        assert_eq!(up.services.len(), 4, "{:?}", up.services);
        assert_eq!(up.page().status(), 200);
        up.signal(signal);
        assert!(up.wait().success());
        up.wait_until_gone();
    }
}

#[test]
fn nothing_survives_a_killed_parent() {
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &[]);
    assert_eq!(up.page().status(), 200);
    up.signal(Signal::SIGKILL);
    up.wait_until_gone();
}

#[test]
fn shop_starts_at_once_after_its_parent_was_killed() {
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &[]);
    for arguments in [&[][..], &["--fresh"], &[], &["--fresh"]] {
        up.signal(Signal::SIGKILL);
        up.wait();
        up = start_shop(folder.path(), arguments);
        assert_eq!(up.page().status(), 200);
    }
    up.stop();
}

#[test]
fn shop_ends_when_its_database_ends() {
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &[]);
    kill(postmaster(folder.path()), Signal::SIGQUIT).unwrap();
    assert_eq!(up.wait().code(), Some(1));
    up.wait_until_gone();
}

#[test]
fn shop_ends_when_a_service_ends() {
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &[]);
    kill(up.service_id("stock-api"), Signal::SIGKILL).unwrap();
    assert_eq!(up.wait().code(), Some(1));
    up.wait_until_gone();
}

#[test]
fn shop_ends_when_nobody_reads_where_it_is() {
    let folder = data_folder();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let log = writer.try_clone().unwrap();
    let status = up(folder.path(), &[]).stdout(writer).stderr(log).status();
    assert_eq!(status.unwrap().code(), Some(141), "128 + SIGPIPE");
    let pid = folder.path().join("widgetario/database/postmaster.pid");
    wait_until("PostgreSQL's end", || !pid.exists());
}
