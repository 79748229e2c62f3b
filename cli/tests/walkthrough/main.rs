//! The walkthrough's documents, as the command reads them.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod cluster;
#[cfg(unix)]
mod images;
#[cfg(unix)]
mod port_forward;
#[cfg(unix)]
mod preflight;
mod repository;
mod token;

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
fn stages_are_those_of_the_demos_in_their_order() {
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
            "demo6/load",
            "demo6/egress",
            "demo6/egress-supplier",
            "demo6/mirror",
            "demo6/breaker",
            "demo6/rate-limit",
            "demo6/jwt",
            "demo6/exemplars",
            "demo6/alert",
            "demo6/alert-resolved",
            "demo7/gateway-api",
            "demo7/gateway-canary-75-25",
            "demo7/gateway-canary-50-50",
            "demo7/gateway-canary-0-100",
            "demo7/gateway-timeout",
            "demo7/gateway-rules",
            "demo7/ambient-install",
            "demo7/ambient",
            "demo7/ambient-refused",
            "demo7/ambient-identity",
            "demo7/selector-policy",
            "demo7/waypoints",
            "demo7/ambient-canary",
            "demo7/ambient-faults",
            "demo7/ambient-fault-over",
            "demo7/ambient-traces-unlinked",
            "demo7/ambient-traces-predecessor",
            "demo7/ambient-traces-headers",
            "demo7/ambient-traces",
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
fn without_kubectl_the_error_names_it() {
    let error = error(&widgetario(&["undo", "demo2/deploy"], root()));
    assert!(error.contains("`kubectl` cannot be started"), "{error}");
}

#[cfg(unix)]
#[test]
fn nothing_is_measured_on_a_cluster_that_nobody_agreed_to() {
    let cluster = cluster::away("production");
    for arguments in [
        &["verify", "demo3/allow-buy"][..],
        &["verify", "--all"],
        &["run", "demo3/allow-buy", "--yes"],
        &["run", "--all", "--yes", "--json"],
        &["undo", "demo3/allow-buy", "--yes"],
    ] {
        let output = cluster::on(cluster.path(), arguments);
        let error = error(&output);
        assert!(
            error.contains("production, which is no laptop's"),
            "{error}"
        );
        assert!(output.stdout.is_empty(), "{output:?}");
        assert!(!cluster.path().join("asked").exists());
    }
}

#[cfg(unix)]
#[test]
fn context_that_was_agreed_to_is_kept_to_the_end() {
    let cluster = cluster::away("kind-shop");
    let url = "http://127.0.0.1:1";
    let output = cluster::on(cluster.path(), &["verify", "demo2/deploy", "--url", url]);
    assert_eq!(output.status.code(), Some(1));
    let asked = std::fs::read_to_string(cluster.path().join("asked")).unwrap();
    let is_named = |line: &str| line.starts_with("kubectl --context kind-shop ");
    assert!(asked.lines().all(is_named), "{asked}");
}

#[cfg(unix)]
#[test]
fn measurement_that_moves_pods_is_not_made_where_the_cluster_is_not_at_its_stage() {
    let cluster = cluster::away("kind-shop");
    let url = "http://127.0.0.1:1";
    let output = cluster::on(cluster.path(), &["verify", "demo7/ambient", "--url", url]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("`widgetario run demo7/ambient` brings it there"),
        "{text}"
    );
    let asked = std::fs::read_to_string(cluster.path().join("asked")).unwrap();
    let changes = ["apply", "delete", "label", "replace", "rollout"];
    let is_a_change = |line: &str| {
        changes
            .iter()
            .any(|verb| line.contains(&format!(" {verb} ")))
    };
    assert!(!asked.lines().any(is_a_change), "{asked}");
}

#[cfg(unix)]
#[test]
fn ztunnel_is_removed_unless_another_namespace_than_the_shops_needs_it() {
    for (namespace, is_removed) in [("bank", false), ("widgetario", true)] {
        let cluster = cluster::with_ztunnel_for(namespace);
        let output = cluster::on(cluster.path(), &["undo", "demo1/addons", "--yes"]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(cluster.path().join("installed").exists(), is_removed);
    }
}

#[cfg(unix)]
#[test]
fn json_is_alone_on_standard_output_when_a_command_fails_too() {
    let cluster = cluster::away("kind-shop");
    for arguments in [
        &["run", "demo1/addons", "--yes", "--json"][..],
        &["run", "--all", "--yes", "--json"],
        &["verify", "demo1/addons", "--json"],
        &["verify", "--all", "--json"],
    ] {
        let output = cluster::on(cluster.path(), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(serde_json::from_str::<serde_json::Value>);
        let lines: Vec<_> = lines.collect::<Result<_, _>>().expect(&text);
        let (last, claims) = lines.split_last().unwrap();
        assert!(
            claims.iter().any(|claim| claim["verdict"] == "fails"),
            "{text}"
        );
        assert_eq!(last["held"], 0, "{text}");
        assert!(!last["failed"].as_array().unwrap().is_empty(), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn walk_that_breaks_off_names_the_stages_it_did_not_reach() {
    let cluster = cluster::away("kind-shop");
    let output = cluster::on(cluster.path(), &["run", "--all", "--yes"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap();
    assert!(
        last.contains("(demo1/install: its commands can be run) failed"),
        "{last}"
    );
    let stages = widgetario(&["stages"], root()).stdout;
    let others = String::from_utf8(stages).unwrap().lines().count() - 1;
    let rest = format!("{others} stages were not reached: demo1/addons; ");
    assert!(last.contains(&rest), "{last}");
}

#[cfg(unix)]
#[test]
fn load_of_a_stage_ends_with_it_however_it_ends() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    use std::time::{Duration, Instant};

    let pid = |text: &str| Pid::from_raw(text.trim().parse().unwrap());
    let wait_until = |what: &str, is_so: &dyn Fn() -> bool| {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let cluster = cluster::under_load();
        let mut command = Command::new(env!("CARGO_BIN_EXE_widgetario"));
        let mut run = command
            .args(["run", "demo2/load", "--yes", "--json"])
            .args(["--url", "http://127.0.0.1:1"])
            .env("PATH", cluster.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .current_dir(root())
            .spawn()
            .unwrap();
        let noted = cluster.path().join("load");
        let load = || std::fs::read_to_string(&noted).unwrap_or_default();
        wait_until("the load begins", &|| load().ends_with('\n'));
        kill(Pid::from_raw(run.id().try_into().unwrap()), signal).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(130), "{signal}");
        wait_until("the load ends", &|| kill(pid(&load()), None).is_err());
    }
}

#[test]
fn only_what_the_shop_can_do_without_may_be_left_out() {
    let output = widgetario(&["verify", "--all", "--without", "jaeger"], root());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("kiali, grafana"), "{error}");
}

#[cfg(unix)]
#[test]
fn claims_that_cannot_be_measured_do_not_hold() {
    let cluster = cluster::away("kind-shop");
    let output = cluster::on(
        cluster.path(),
        &[
            "verify",
            "demo4/canary-75-25",
            "--url",
            "http://127.0.0.1:1",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("FAILS") && !text.contains("holds "), "{text}");
}
