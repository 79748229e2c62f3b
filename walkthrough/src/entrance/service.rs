//! An entrance: a Service of type `LoadBalancer`, at localhost or by a port-forward.

use std::thread::sleep;
use std::time::{Duration, Instant};

use chassis::OutputError;

use super::Found;
use super::answer::Answer;
use super::forward::Forward;
use crate::cluster::kubectl::{get, items};
use crate::cluster::pods::is_ready;
use crate::port::HOST;
use crate::prose::Prose;

/// How long a Service that was just made may take to be offered at localhost, and a relay to lead to
/// it.
const PATIENCE: Duration = Duration::from_secs(6);

/// This machine, as the documents' commands name it, here and in a container.
const HOSTS: [&str; 2] = ["localhost", "host.docker.internal"];

/// A Service, and where it is reached.
pub(super) struct Entrance {
    name: &'static str,
    namespace: &'static str,
    service: &'static str,
    /// The label of its pods.
    label: &'static str,
    /// The Service's port, at localhost too.
    port: u16,
    /// Where it is reached now.
    pub(super) url: String,
    /// Whether the user gave the address: it stays as it is.
    is_fixed: bool,
    forward: Option<Forward>,
}

impl Entrance {
    /// The entrance at the address that the user gave, or at its usual one.
    pub(super) fn new(
        name: &'static str,
        namespace: &'static str,
        service: &'static str,
        label: &'static str,
        port: u16,
        given: Option<&str>,
    ) -> Self {
        Self {
            name,
            namespace,
            service,
            label,
            port,
            url: given.map_or_else(|| at(port), str::to_owned),
            is_fixed: given.is_some(),
            forward: None,
        }
    }

    /// Opens a port-forward if the Service has pods, but does not answer at its address. Returns whether
    /// the address has changed.
    ///
    /// # Errors
    /// When nobody reads what is written.
    pub(super) fn open(&mut self, prose: Prose) -> Result<bool, OutputError> {
        if self.is_fixed || Answer::at(&self.url) == Answer::Shop || !self.has_pods() {
            return Ok(false);
        }
        // A port-forward may be stuck: a new one is opened.
        let was_forwarded = self.forward.take().is_some();
        let answer = if was_forwarded {
            Answer::Nobody
        } else {
            awaited(&self.url)
        };
        if answer == Answer::Shop {
            return Ok(false);
        }
        self.forward(answer, prose)
    }

    /// Opens a port-forward, and says so; `answer` is who answers at the usual address.
    fn forward(&mut self, answer: Answer, prose: Prose) -> Result<bool, OutputError> {
        let usual = at(self.port);
        let who = if answer == Answer::Nobody {
            "nobody"
        } else {
            "another program"
        };
        let to = format!("{}.{}:{}", self.service, self.namespace, self.port);
        let forward = match Forward::open(&to, self.port) {
            Ok(forward) => forward,
            Err(error) => {
                self.url = usual;
                prose.line(&format!(
                    "  {who} answers at {}, and no port-forward can be opened: {error:#}",
                    self.url
                ))?;
                return Ok(false);
            }
        };
        self.url = at(forward.port);
        self.forward = Some(forward);
        prose.line(&format!(
            "  {who} answers at {usual}: until this command ends, a port-forward leads from {} to the {}",
            self.url, self.name
        ))?;
        awaited(&self.url);
        Ok(true)
    }

    /// What is at its address.
    pub(super) fn found(&self) -> Found {
        if get(&["service", self.service, "-n", self.namespace]).is_err() {
            return Found::NoService;
        }
        match Answer::at(&self.url) {
            Answer::Shop => Found::Ours,
            Answer::Stranger => Found::Stranger,
            Answer::Nobody if self.has_pods() => Found::Silent,
            Answer::Nobody => Found::NoPods,
        }
    }

    /// How often its port-forward was interrupted.
    pub(super) fn interruptions(&self) -> usize {
        self.forward.as_ref().map_or(0, Forward::interruptions)
    }

    /// Whether a pod of the Service is ready.
    fn has_pods(&self) -> bool {
        let pods = get(&["pods", "-n", self.namespace, "-l", self.label]);
        pods.is_ok_and(|pods| items(&pods).any(is_ready))
    }

    /// Whether a word of a command names the usual address.
    pub(super) fn is_named(&self, word: &str) -> bool {
        self.addresses()
            .iter()
            .any(|address| named(word, address).is_some())
    }

    /// A word of a command, with the port where the entrance is now.
    pub(super) fn led(&self, word: &str) -> String {
        let forward = self.forward.as_ref();
        let Some(port) = forward
            .map(|forward| forward.port)
            .filter(|port| *port != self.port)
        else {
            return word.to_owned();
        };
        for (host, address) in HOSTS.into_iter().zip(self.addresses()) {
            if let Some((before, behind)) = named(word, &address) {
                return format!("{before}://{host}:{port}{behind}");
            }
        }
        word.to_owned()
    }

    /// The usual address as commands of the documents write it, on this machine and in a container.
    fn addresses(&self) -> [String; 2] {
        let port = match self.port {
            80 => String::new(),
            port => format!(":{port}"),
        };
        HOSTS.map(|host| format!("://{host}{port}"))
    }
}

/// What stands before and behind `address` in a word; nothing when the word does not name it, or goes
/// on with another port.
fn named<'a>(word: &'a str, address: &str) -> Option<(&'a str, &'a str)> {
    let (before, behind) = word.split_once(address)?;
    (behind.is_empty() || behind.starts_with('/')).then_some((before, behind))
}

/// The address of a port of localhost.
fn at(port: u16) -> String {
    match port {
        80 => format!("http://{HOST}"),
        port => format!("http://{HOST}:{port}"),
    }
}

/// Who answers at `url`, once the shop does, or after some seconds.
fn awaited(url: &str) -> Answer {
    let begin = Instant::now();
    loop {
        let answer = Answer::at(url);
        if answer == Answer::Shop || begin.elapsed() > PATIENCE {
            return answer;
        }
        sleep(Duration::from_millis(200));
    }
}
