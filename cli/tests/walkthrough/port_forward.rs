//! The port-forward that the command opens where localhost does not answer. A script stands in for
//! kubectl: what it is asked for is noted, and the cluster has a shop that is ready.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cluster::{away, program};
use crate::root;

/// The shop's content, as the pods of the stand-in answer it.
const CONTENT: &str = r#"{"products": [], "trace_id": null, "request_id": null, "headers": [], "calls":
    [{"service": "products-api", "method": "GET", "path": "/products", "status": 200, "error": null,
    "latency_ms": 1.0, "starts_ms": 0.0, "version": "v1", "pod": "products-api-1", "attempt": "1",
    "caller": null, "finding": null}]}"#;

/// A cluster with a shop whose Services nobody offers at localhost. Each `kubectl port-forward` writes
/// its own process and its ports to the file `forward`, a line each.
fn without_load_balancers() -> tempfile::TempDir {
    let folder = away("kind-shop");
    let pod = |name: &str| {
        format!(
            r#"{{"metadata":{{"name":"{name}","labels":{{"app":"web"}}}},"status":{{"conditions":[
            {{"type":"Ready","status":"True"}}]}}}}"#
        )
    };
    let pods = format!(
        r#"{{"items":[{},{}]}}"#,
        pod("web-1"),
        pod("products-api-1")
    );
    let sidecar = r#"{"spec":{"containers":[{"name":"istio-proxy","image":"proxyv2"}]}}"#;
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in\n\"config current-context\") echo kind-shop; exit 0;;\nesac\n\
         echo \"$*\" >> {0}/asked\ncase \"$*\" in\n\
         *\" pods -n widgetario \"*) echo '{pods}';;\n*dry-run*) echo '{sidecar}';;\n\
         *\" delete \"*|*\" apply \"*|*\" wait \"*) ;;\n\
         *\" port-forward \"*) for ports in \"$@\"; do :; done; echo \"$$ $ports\" >> {0}/forward\n\
         echo \"Forwarding from 127.0.0.1:${{ports%:*}} -> ${{ports#*:}}\"; exec /bin/sleep 1000;;\n\
         *) echo 'the cluster is away' >&2; exit 1;;\nesac\n",
        folder.path().display()
    );
    program(folder.path(), "kubectl", &script);
    folder
}

fn widgetario(cluster: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_widgetario"));
    command
        .args(arguments)
        .env("KUBECONFIG", "/nowhere")
        .env("PATH", cluster)
        .current_dir(root());
    command
}

/// Takes the shop's usual port until the tests end, and answers nobody there, so that each command opens
/// another port. Where a program has the port already, it is a stranger's, with the same effect.
fn take_usual_port() {
    static TAKEN: Once = Once::new();
    TAKEN.call_once(|| {
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, 8010)) {
            thread::spawn(move || listener.incoming().for_each(drop));
        }
    });
}

/// The process and the port of localhost of each `kubectl port-forward` so far.
fn forwards(cluster: &Path) -> Vec<(Pid, u16)> {
    let noted = fs::read_to_string(cluster.join("forward")).unwrap_or_default();
    let lines = noted.lines().filter_map(|line| line.split_once(' '));
    lines
        .map(|(process, ports)| {
            let (local, _) = ports.split_once(':').unwrap();
            (
                Pid::from_raw(process.parse().unwrap()),
                local.parse().unwrap(),
            )
        })
        .collect()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn is_deleted(cluster: &Path) -> bool {
    let asked = fs::read_to_string(cluster.join("asked")).unwrap_or_default();
    let deletes = asked
        .lines()
        .filter(|line| line.contains(" delete pod ") && line.contains("--wait=false"));
    deletes
        .into_iter()
        .any(|line| line.contains("widgetario-relay-"))
}

/// Answers each request with the shop's content, until the process ends.
fn serve(port: u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let _ = connection.read(&mut [0; 4096]);
            let _ = write!(
                connection,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{CONTENT}",
                CONTENT.len()
            );
        }
    });
}

#[test]
fn shop_that_localhost_does_not_offer_is_reached_by_a_port_forward_that_ends_with_the_command() {
    take_usual_port();
    let cluster = without_load_balancers();
    let doctor = widgetario(cluster.path(), &["doctor"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("the port-forward begins", || {
        !forwards(cluster.path()).is_empty()
    });
    let (kubectl, port) = forwards(cluster.path())[0];
    serve(port);
    let output = doctor.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let url = format!("a port-forward leads from http://localhost:{port} to the shop");
    assert!(text.lines().next().unwrap().contains(&url), "{text}");
    // What follows is about the shop that answered.
    assert!(text.contains("web is in no trace"), "{text}");
    assert!(kill(kubectl, None).is_err());
    assert!(is_deleted(cluster.path()));
}

#[test]
fn nothing_of_a_port_forward_stays_behind_when_the_command_is_killed() {
    take_usual_port();
    let cluster = without_load_balancers();
    let mut doctor = widgetario(cluster.path(), &["doctor"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the port-forward begins", || {
        !forwards(cluster.path()).is_empty()
    });
    let (kubectl, _) = forwards(cluster.path())[0];
    doctor.kill().unwrap();
    doctor.wait().unwrap();
    wait_until("kubectl ends", || kill(kubectl, None).is_err());
    wait_until("the relay is deleted", || is_deleted(cluster.path()));
}

/// The process that keeps a port open, and the lines that it writes.
fn supervisor(cluster: &Path, port: &str) -> (Child, impl Iterator<Item = String> + use<>) {
    let mut process = widgetario(
        cluster,
        &[
            "port-forward",
            "--context",
            "kind-shop",
            "--image",
            "proxyv2",
            "--to",
            "web:80",
            "--port",
            port,
        ],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    (process, lines.map_while(Result::ok))
}

#[test]
fn port_forward_that_ends_is_opened_again_at_the_same_port() {
    let cluster = without_load_balancers();
    let (mut process, mut lines) = supervisor(cluster.path(), "4711");
    assert_eq!(lines.next().as_deref(), Some("open"));
    let (first, _) = forwards(cluster.path())[0];
    kill(first, Signal::SIGKILL).unwrap();
    assert_eq!(lines.next().as_deref(), Some("lost"));
    assert_eq!(lines.next().as_deref(), Some("open"));
    let [_, (second, port)] = forwards(cluster.path())[..] else {
        panic!("two port-forwards");
    };
    assert_eq!(port, 4711);
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());
    assert!(kill(second, None).is_err());
    assert!(is_deleted(cluster.path()));
}

#[test]
fn address_that_the_user_gives_is_the_one_that_is_measured() {
    let cluster = without_load_balancers();
    let url = ["--url", "http://127.0.0.1:1"];
    let verify = [&["verify", "demo2/deploy"], &url[..]].concat();
    for arguments in [&verify, &[&["doctor"], &url[..]].concat()] {
        let output = widgetario(cluster.path(), arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(forwards(cluster.path()).is_empty());
    }
}

#[test]
fn doctor_starts_nothing_in_a_cluster_that_nobody_agreed_to() {
    let cluster = without_load_balancers();
    let script = fs::read_to_string(cluster.path().join("kubectl")).unwrap();
    program(
        cluster.path(),
        "kubectl",
        &script.replace("echo kind-shop", "echo production"),
    );
    let output = widgetario(cluster.path(), &["doctor"]).output().unwrap();
    assert!(!output.status.success());
    assert!(forwards(cluster.path()).is_empty());
}
