//! What cannot work ends with one line that says how to mend it.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use testkit::up::{Up, data_folder};

use crate::{start_shop, up};

/// Runs a command that must fail, and returns the line that it ends with.
pub(crate) fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    said.lines().last().unwrap().to_owned()
}

#[test]
fn busy_port_is_named_with_a_way_out() {
    let folder = data_folder();
    for address in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
        let Ok(busy) = TcpListener::bind(address) else {
            continue; // a machine without IPv6
        };
        let port = busy.local_addr().unwrap().port();
        let said = refusal(up(folder.path(), &[]).arg(format!("--port={port}")));
        let expected = format!("widgetario: port {port} cannot be used: another program has");
        assert!(said.starts_with(&expected), "{said}");
        let expected = "or choose another with `widgetario up --port 8011`";
        assert!(said.ends_with(expected), "{said}");
    }
}

#[test]
fn first_start_without_network_says_what_is_missing() {
    let folder = data_folder();
    let mut command = up(folder.path(), &[]);
    command.env("WIDGETARIO_CACHE_HOME", folder.path());
    command
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9");
    let said = refusal(&mut command);
    assert!(
        said.contains("could not be downloaded from Maven Central"),
        "{said}"
    );
    assert!(
        said.contains("connect to the internet for the first start"),
        "{said}"
    );
}

#[test]
fn later_start_asks_the_network_nothing() {
    let folder = data_folder();
    local_postgres::installation::install(|_, _| ()).unwrap();
    let mut command = up(folder.path(), &[]);
    command
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9");
    let mut up = Up::start(&mut command);
    assert_eq!(up.page().status(), 200);
    up.stop();
}

#[test]
fn broken_data_folder_is_named_with_a_way_out() {
    let folder = data_folder();
    let mut first = start_shop(folder.path(), &[]);
    first.stop();
    let control = folder.path().join("widgetario/database/global/pg_control");
    fs::write(control, "broken").unwrap();
    let said = refusal(&mut up(folder.path(), &[]));
    assert!(
        said.contains("PostgreSQL does not start with the data in"),
        "{said}"
    );
    assert!(
        said.contains("`widgetario up --fresh` starts over"),
        "{said}"
    );
    let mut fresh = start_shop(folder.path(), &["--fresh"]);
    assert_eq!(fresh.page().status(), 200);
    fresh.stop();
}

#[test]
fn second_shop_on_the_same_data_is_refused() {
    let folder = data_folder();
    let mut first = start_shop(folder.path(), &[]);
    let said = refusal(&mut up(folder.path(), &[]));
    assert!(
        said.contains("the shop already runs with its data in"),
        "{said}"
    );
    assert_eq!(first.page().status(), 200);
    first.stop();
}

#[test]
fn fresh_is_not_promised_for_a_database_of_the_users_own() {
    let folder = data_folder();
    let url = "postgres://nobody@127.0.0.1:9/shop";
    let said = refusal(&mut up(folder.path(), &["--fresh", "--database-url", url]));
    assert!(said.contains("leave out one of them"), "{said}");
}

#[test]
fn cause_is_said_once() {
    let folder = data_folder();
    let url = "postgres://nobody:secret@127.0.0.1:9/shop";
    let said = refusal(&mut up(folder.path(), &["--database-url", url]));
    assert_eq!(said.matches("refused").count(), 1, "{said}");
}

#[test]
fn changed_configuration_costs_no_data() {
    let folder = data_folder();
    let mut first = start_shop(folder.path(), &[]);
    first.stop();
    let configuration = folder.path().join("widgetario/database/postgresql.conf");
    fs::write(configuration, "nonsense = 1\n").unwrap();
    let said = refusal(&mut up(folder.path(), &[]));
    assert!(said.contains("mend what was changed"), "{said}");
    assert!(!said.contains("--fresh"), "{said}");
}

#[test]
fn last_words_of_each_service_are_printed() {
    let folder = data_folder();
    let output = up(folder.path(), &[]).env("LOG_FORMAT", "x").output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    let words = said.matches("LOG_FORMAT='x' is not allowed").count();
    assert_eq!(words, 2, "{said}");
}
