//! Commands that run in the background of a stage, and end with it.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::cleanup::Cleanup;
use crate::documents::Line;

/// The name of the container of a stage's load. (A presenter's own load gets its name from Docker.)
const CONTAINER: &str = "widgetario-load";
/// How long a command that was interrupted may take to end by itself.
const GRACE_PERIOD: Duration = Duration::from_secs(10);

/// The commands in the background of a stage. They end when this is dropped, or when the user
/// interrupts the program.
#[derive(Default)]
pub(super) struct Background(Vec<(Arc<Mutex<Child>>, Cleanup)>);

impl Background {
    /// Starts a command of a document in the folder `root`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(&mut self, line: &Line, root: &Path) -> anyhow::Result<()> {
        let spawned = Command::new(&line[0])
            .args(named(&line[1..]))
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        let child = spawned.with_context(|| format!("`{}` cannot be started", line[0]))?;
        let child = Arc::new(Mutex::new(child));
        let ending = Arc::clone(&child);
        let cleanup = Cleanup::new(move || {
            end(&mut ending.lock().unwrap_or_else(PoisonError::into_inner));
        });
        self.0.push((child, cleanup));
        Ok(())
    }

    /// Checks that every command still runs.
    ///
    /// # Errors
    /// When one has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        for (child, _) in &self.0 {
            if let Some(status) = ended(&mut child.lock().unwrap_or_else(PoisonError::into_inner)) {
                bail!("what should go on in the background ended with {status}");
            }
        }
        Ok(())
    }
}

/// The words of a command, with a name for its container: a killed `docker` leaves the container
/// behind, and by the name it can be removed.
fn named(words: &[String]) -> Vec<&str> {
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["container", "run", ..] = words[..] {
        words.splice(2..2, ["--name", CONTAINER]);
    }
    words
}

/// Removes the container, if there is one: a program that was killed leaves it behind.
pub(super) fn remove() {
    let _ = Command::new("docker")
        .args(["container", "rm", "--force", CONTAINER])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

/// Ends a command and its container, which may start only now, after its image was downloaded.
fn end(process: &mut Child) {
    interrupt(process);
    let begin = Instant::now();
    loop {
        remove();
        if ended(process).is_some() {
            return;
        }
        if begin.elapsed() > GRACE_PERIOD {
            break;
        }
        sleep(Duration::from_millis(200));
    }
    let _ = process.kill();
    let _ = process.wait();
    remove();
}

fn ended(process: &mut Child) -> Option<ExitStatus> {
    process.try_wait().ok().flatten()
}

/// Asks a process to end, as Ctrl-C does.
#[cfg(unix)]
fn interrupt(process: &Child) {
    use nix::sys::signal::{Signal, kill};
    if let Ok(id) = i32::try_from(process.id()) {
        let _ = kill(nix::unistd::Pid::from_raw(id), Signal::SIGINT);
    }
}

#[cfg(not(unix))]
fn interrupt(_: &Child) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn container_of_a_load_has_a_name_to_stop_it_by() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let load = words("container run --rm fortio/fortio:1.75.2 load -qps 25 http://shop/");
        assert_eq!(
            named(&load).join(" "),
            "container run --name widgetario-load --rm fortio/fortio:1.75.2 load -qps 25 http://shop/"
        );
        assert_eq!(named(&words("get pods")), ["get", "pods"]);
    }
}
