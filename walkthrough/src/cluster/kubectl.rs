//! `kubectl` and `istioctl`, in the context that the user agreed to.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use serde_json::Value;

use super::MESH;

/// The context that the user agreed to.
static AGREED: OnceLock<String> = OnceLock::new();

/// Makes every command from now on use `context`, even when another terminal switches to another
/// one. Returns the context of the first call, which is the one that counts.
pub(crate) fn stay_in(context: String) -> &'static str {
    AGREED.get_or_init(|| context)
}

/// The context of every command: the one that the user agreed to, or else kubectl's current one.
///
/// # Errors
/// See [`output`].
pub(crate) fn context() -> anyhow::Result<String> {
    match AGREED.get() {
        Some(context) => Ok(context.clone()),
        None => Ok(kubectl(&["config", "current-context"])?.trim().to_owned()),
    }
}

/// A command in the context that was agreed to.
pub(crate) fn command<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program);
    let context = AGREED.get().map(|context| ["--context", context]);
    // The last words of a kubectl command may be those of a program in a pod; the first word of an
    // istioctl command names its subcommand.
    if program == "kubectl" {
        command.args(context.iter().flatten());
    }
    command.args(arguments);
    if program == "istioctl" {
        command.args(context.iter().flatten());
    }
    command
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
    let mut process = command(program, arguments.iter().copied())
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
        // A program that does not read to the end reports the reason itself.
        let _ = pipe.write_all(input.to_string().as_bytes());
    }
    Ok(process.wait_with_output()?)
}

/// Runs a command to its end and returns what it wrote to standard output.
///
/// # Errors
/// When it cannot be started, or ends with an error: then with what it wrote to standard error.
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

/// Runs `istioctl`, which must be asked for JSON, and returns that.
///
/// # Errors
/// See [`output`]; also when it writes no JSON.
pub(crate) fn istioctl_json(arguments: &[&str]) -> anyhow::Result<Value> {
    let text = output("istioctl", arguments)?;
    serde_json::from_str(&text).context("istioctl wrote no JSON")
}

fn succeeded(program: &str, output: &Output) -> anyhow::Result<String> {
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        bail!("{program}: {}", message.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// An object, or a list of objects, from `kubectl get`.
///
/// # Errors
/// See [`output`].
pub(crate) fn get(arguments: &[&str]) -> anyhow::Result<Value> {
    let text = kubectl(&[&["get", "--output=json"], arguments].concat())?;
    serde_json::from_str(&text).context("kubectl wrote no JSON")
}

/// The objects that kubectl wrote as JSON: one, a list, or one after the other.
///
/// # Errors
/// When the text is no JSON.
pub(super) fn parsed(text: &str) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.context("kubectl wrote no JSON")?;
        match value["kind"].as_str() {
            Some("List") => objects.extend(items(&value).cloned()),
            _ => objects.push(value),
        }
    }
    Ok(objects)
}

/// What a Service of the mesh answers to `GET path`, through the API server, so that no port has to
/// be forwarded.
///
/// # Errors
/// See [`output`]; also when the answer is no JSON.
pub(crate) fn ask_service(service: &str, port: u16, path: &str) -> anyhow::Result<Value> {
    let path = format!("/api/v1/namespaces/{MESH}/services/http:{service}:{port}/proxy/{path}");
    let text = kubectl(&["get", "--raw", &path])
        .with_context(|| format!("Service {service} in {MESH} did not answer"))?;
    serde_json::from_str(&text).with_context(|| format!("Service {service} wrote no JSON"))
}

/// The items of a list.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    elements(&list["items"])
}

/// The condition of a `kind`, such as `Ready`, in a list of conditions; null when it has none.
pub(crate) fn condition<'a>(conditions: &'a Value, kind: &str) -> &'a Value {
    elements(conditions)
        .find(|condition| condition["type"] == kind)
        .unwrap_or(&Value::Null)
}

/// The elements of a JSON array; none when the value is something else.
pub(crate) fn elements(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_array().into_iter().flatten()
}
