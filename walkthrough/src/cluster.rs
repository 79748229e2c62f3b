//! The cluster, through the presenter's own `kubectl`.

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

/// The namespace of the shop.
pub(crate) const SHOP: &str = "widgetario";
/// The namespace of the mesh.
pub(crate) const MESH: &str = "istio-system";

/// The contexts of clusters that live on a laptop: changing one of them harms nobody else. Where a
/// hyphen ends it, a name of the user's follows.
const LAPTOPS: [&str; 6] = [
    "docker-desktop",
    "kind-",
    "minikube",
    "rancher-desktop",
    "orbstack",
    "k3d-",
];

/// The context that the user agreed to: what comes later stays on it, whatever another terminal
/// chooses meanwhile.
static AGREED: OnceLock<String> = OnceLock::new();

/// Leave to change the cluster that `kubectl` speaks to.
#[derive(Args)]
pub(crate) struct Consent {
    /// kubectl's current context, when it is no laptop's cluster
    #[arg(long)]
    context: Option<String>,
}

impl Consent {
    /// Checks that the current context is a laptop's, or the one that was named; returns it. All
    /// later commands are for it.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn check(&self) -> anyhow::Result<String> {
        let context = kubectl(&["config", "current-context"])?.trim().to_owned();
        match &self.context {
            Some(named) if *named != context => {
                bail!(
                    "kubectl's context is {context}, not {named}: `kubectl config use-context {named}`"
                )
            }
            None if !is_laptop(&context) => bail!(
                "kubectl's context is {context}, which is no laptop's: this would change that cluster; \
                 to do so, add `--context {context}`"
            ),
            _ => Ok(AGREED.get_or_init(|| context).clone()),
        }
    }
}

fn is_laptop(context: &str) -> bool {
    LAPTOPS
        .iter()
        .any(|laptop| context == *laptop || (laptop.ends_with('-') && context.starts_with(laptop)))
}

/// A command in the context that was agreed to.
pub(crate) fn command<'a>(program: &str, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(program);
    let context = AGREED.get().map(|context| ["--context", context]);
    // kubectl's last words may be those of a program in a pod; istioctl's first one is a command.
    if program == "kubectl" {
        command.args(context.iter().flatten());
    }
    command.args(arguments);
    if program == "istioctl" {
        command.args(context.iter().flatten());
    }
    command
}

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

/// The objects that kubectl wrote as JSON: one, a list, or one after the other.
///
/// # Errors
/// When it is no JSON.
pub(crate) fn told(text: &str) -> anyhow::Result<Vec<Value>> {
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

/// `text` as part of a URL's query.
pub(crate) fn escaped(text: &str) -> String {
    let byte = |byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The running pods of the shop, those about to end left out.
///
/// # Errors
/// See [`output`].
pub(crate) fn pods() -> anyhow::Result<Vec<Value>> {
    let pods = get(&[
        "pods",
        "-n",
        SHOP,
        "--field-selector",
        "status.phase=Running",
    ])?;
    let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
    Ok(items(&pods).filter(stays).cloned().collect())
}

/// Whether Kubernetes finds a pod well.
pub(crate) fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    conditions
        .into_iter()
        .any(|it| it["type"] == "Ready" && it["status"] == "True")
}

/// The items of a list.
pub(crate) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list["items"].as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_laptops_context_needs_no_consent() {
        for laptop in ["docker-desktop", "kind-widgetario", "minikube", "k3d-shop"] {
            assert!(is_laptop(laptop), "{laptop}");
        }
        for other in [
            "prod",
            "docker-desktop-prod",
            "minikube.example.com",
            "my-kind-cluster",
        ] {
            assert!(!is_laptop(other), "{other}");
        }
    }
}
