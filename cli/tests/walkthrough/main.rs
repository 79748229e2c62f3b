//! The walkthrough's documents, as the command reads them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::process::{Command, Output};

fn widgetario(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_widgetario"));
    // No cluster: what is asked of one must fail, not reach the developer's.
    let command = command.env("KUBECONFIG", "/nowhere").env("PATH", "");
    command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn stages_are_those_of_the_five_demos_in_their_order() {
    let output = widgetario(&["stages"], root());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let keys: Vec<&str> = text
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        keys,
        [
            "demo1/install",
            "demo1/addons",
            "demo2/namespace",
            "demo2/deploy",
            "demo2/load",
            "demo3/service-accounts",
            "demo3/strict-mtls",
            "demo3/deny-all",
            "demo3/allow",
            "demo3/allow-buy",
            "demo3/sleep",
            "demo4/canary-v2",
            "demo4/canary-75-25",
            "demo4/canary-50-50",
            "demo4/canary-0-100",
            "demo4/fault-abort",
            "demo4/fault-delay",
            "demo4/fault-test-users",
            "demo4/resilience-faults",
            "demo4/resilience-retries",
            "demo4/resilience-timeout",
            "demo4/resilience-outliers",
            "demo4/ingress",
            "demo5/load",
            "demo5/kiali",
            "demo5/grafana",
            "demo5/traces-unlinked",
            "demo5/traces-predecessor",
            "demo5/traces-headers",
            "demo5/traces",
        ]
    );
}

#[test]
fn unknown_stage_is_answered_with_those_there_are() {
    for command in ["run", "verify", "undo"] {
        let error = error(&widgetario(&[command, "demo9/nothing"], root()));
        assert!(
            error.contains("no stage demo9/nothing; there are demo1/install, "),
            "{error}"
        );
    }
}

#[test]
fn elsewhere_than_in_the_repository_it_says_where_to_go() {
    let elsewhere = tempfile::tempdir().unwrap();
    let error = error(&widgetario(&["stages"], elsewhere.path()));
    assert!(
        error.contains("run this in Widgetario's repository"),
        "{error}"
    );
}

#[test]
fn without_kubectl_the_error_names_it() {
    let error = error(&widgetario(&["undo", "demo2/deploy"], root()));
    assert!(error.contains("`kubectl` cannot be started"), "{error}");
}

#[test]
fn claims_that_cannot_be_measured_do_not_hold() {
    let output = widgetario(
        &[
            "verify",
            "demo4/canary-75-25",
            "--url",
            "http://127.0.0.1:1",
        ],
        root(),
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("FAILS") && !text.contains("holds "), "{text}");
}
