//! What a start finds of the one before, and what it is told to do otherwise.

use testkit::up::data_folder;

use crate::refusals::refusal;
use crate::{start_shop, up};

#[test]
fn stock_survives_a_restart_and_fresh_starts_over() {
    let folder = data_folder();
    for (arguments, before) in [
        (&[][..], r#""stock":600"#),
        (&[], r#""stock":599"#),
        (&["--fresh"], r#""stock":600"#),
    ] {
        let mut up = start_shop(folder.path(), arguments);
        let content = up.content();
        assert!(content.contains(before), "{before} in {content}");
        up.buy(1);
        up.signal(nix::sys::signal::SIGTERM);
        up.wait_until_gone();
    }
}

#[test]
fn test_that_names_no_folder_is_refused() {
    let folder = data_folder();
    let mut command = up(folder.path(), &["--fresh"]);
    command.env_remove("WIDGETARIO_DATA_HOME");
    // The user's own folder, if this were not refused, is that of this test.
    let said = refusal(command.env("XDG_DATA_HOME", folder.path()));
    assert!(
        said.contains("a test must name a folder of its own"),
        "{said}"
    );
}

#[test]
fn folder_whose_place_depends_on_the_current_one_is_refused() {
    let folder = data_folder();
    let mut command = up(folder.path(), &["--fresh"]);
    let said = refusal(command.env("WIDGETARIO_DATA_HOME", "here"));
    let expected = r#"WIDGETARIO_DATA_HOME="here" is not allowed: it must be the whole path"#;
    assert!(said.contains(expected), "{said}");
}

#[test]
fn v2_and_the_theme_are_what_was_asked_for() {
    let folder = data_folder();
    let mut up = start_shop(folder.path(), &["--products=v2", "--theme=dark"]);
    let page = up.page().body_mut().read_to_string().unwrap();
    assert!(page.contains("$52.50") && page.contains(r#"data-theme="dark""#));
    up.signal(nix::sys::signal::SIGTERM);
    up.wait_until_gone();
}

#[test]
fn database_of_the_users_own_is_filled_and_used() {
    let server = local_postgres::Server::scratch().unwrap();
    let url = server.superuser("postgres");
    let folder = data_folder();
    for before in [r#""stock":600"#, r#""stock":599"#] {
        let mut up = start_shop(folder.path(), &["--database-url", &url]);
        assert!(up.content().contains(before));
        up.buy(1);
        up.signal(nix::sys::signal::SIGTERM);
        up.wait_until_gone();
    }
    server.stop();
}
