//! The cluster, through the presenter's own `kubectl`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

/// The namespace of the shop.
pub(crate) const SHOP: &str = "widgetario";
/// The namespace of the mesh.
pub(crate) const MESH: &str = "istio-system";

/// Runs a command to its end and returns what it wrote.
///
/// # Errors
/// When it cannot be started, or ends with an error: what it said of it.
pub(crate) fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    succeeded(program, &attempt(program, arguments, None)?)
}

/// Runs `kubectl` to its end and returns what it wrote.
///
/// # Errors
/// See [`output`].
pub(crate) fn kubectl(arguments: &[&str]) -> anyhow::Result<String> {
    output("kubectl", arguments)
}

/// Runs `kubectl` with `objects` on its standard input.
///
/// # Errors
/// See [`output`].
pub(crate) fn kubectl_with(objects: &Value, arguments: &[&str]) -> anyhow::Result<String> {
    succeeded("kubectl", &attempt("kubectl", arguments, Some(objects))?)
}

/// Runs a command to its end, with `input` on its standard input.
///
/// # Errors
/// When it cannot be started.
pub(crate) fn attempt(
    program: &str,
    arguments: &[&str],
    input: Option<&Value>,
) -> anyhow::Result<Output> {
    let mut process = Command::new(program)
        .args(arguments)
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{program}` cannot be started: is it installed, and on PATH?"))?;
    if let (Some(mut pipe), Some(input)) = (process.stdin.take(), input) {
        // A program that does not read to the end says why on its own.
        let _ = pipe.write_all(input.to_string().as_bytes());
    }
    Ok(process.wait_with_output()?)
}

fn succeeded(program: &str, output: &Output) -> anyhow::Result<String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program}: {}", said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An object, or a list of some, as `kubectl get` tells.
///
/// # Errors
/// See [`output`].
pub(crate) fn get(arguments: &[&str]) -> anyhow::Result<Value> {
    let text = kubectl(&[&["get", "--output=json"], arguments].concat())?;
    serde_json::from_str(&text).context("kubectl wrote no JSON")
}

/// The answer of a Service of the mesh, through the API server: no port has to be forwarded.
///
/// # Errors
/// See [`output`].
pub(crate) fn ask(service: &str, port: u16, path: &str) -> anyhow::Result<Value> {
    let path = format!("/api/v1/namespaces/{MESH}/services/http:{service}:{port}/proxy/{path}");
    let text = kubectl(&["get", "--raw", &path])
        .with_context(|| format!("Service {service} in {MESH} did not answer"))?;
    serde_json::from_str(&text).with_context(|| format!("Service {service} wrote no JSON"))
}

/// The items of a list.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().into_iter().flatten()
}
