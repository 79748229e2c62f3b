//! Why a program of PostgreSQL's failed, read from its output.

use std::path::Path;

use crate::remedy::{TROUBLES, remedy_in_folder};
use crate::root::is_root;

/// What sessions say when their server ends for another reason.
const BYSTANDERS: [&str; 2] = [
    "terminating connection due to administrator command",
    "the database system is shutting down",
];

/// Why a program failed.
pub(crate) struct Diagnosis {
    /// In the program's own words.
    pub(crate) reason: String,
    /// The remedy, if one is known.
    pub(crate) remedy: Option<String>,
}

impl Diagnosis {
    /// The diagnosis of one of the programs in the folder `programs` that wrote the lines `output`.
    pub(crate) fn of(output: &[String], programs: &Path) -> Self {
        let lines = || output.iter().map(String::as_str);
        let installation = programs.parent().unwrap_or(programs).to_string_lossy();
        if let Some(line) = lines().find(|line| line.contains(&*installation)) {
            return Self {
                reason: without_prefix(line).to_owned(),
                remedy: Some(remedy_of_installation(line, programs)),
            };
        }
        let line = cause(output)
            .or_else(|| lines().rfind(|line| !line.contains("ready to accept")))
            .unwrap_or("it did not say why");
        Self {
            reason: without_prefix(line).to_owned(),
            remedy: remedy_in_folder(line, "WIDGETARIO_DATA_HOME"),
        }
    }
}

/// The line that names the cause: first one with a remedy, then a panic, then the last severe one.
fn cause(output: &[String]) -> Option<&str> {
    let is_cause = |line: &&str| {
        let is_severe = severity(line).is_some_and(|severity| severity != "LOG:");
        let is_bystander = BYSTANDERS.iter().any(|words| line.contains(words));
        (is_severe && !is_bystander) || line.contains(" shutdown request")
    };
    let causes = || output.iter().map(String::as_str).filter(is_cause);
    let mut with_remedy = TROUBLES
        .iter()
        .filter_map(|trouble| causes().rfind(|line| trouble.is_in(line)));
    let panic = || causes().rfind(|line| severity(line) == Some("PANIC:"));
    with_remedy
        .next()
        .or_else(panic)
        .or_else(|| causes().next_back())
}

/// The severity of `line`, if it states one.
fn severity(line: &str) -> Option<&'static str> {
    let severities = ["FATAL:", "PANIC:", "ERROR:", "error:", "LOG:"];
    severities
        .into_iter()
        .find(|severity| line.contains(severity))
}

/// `line` without its time, its process and its severity.
fn without_prefix(line: &str) -> &str {
    let after = severity(line).and_then(|severity| line.split_once(severity));
    after.map_or(line, |(_, words)| words).trim()
}

/// The remedy for an installation about which a shell or a program said `line`.
fn remedy_of_installation(line: &str, programs: &Path) -> String {
    if !line.contains("Permission denied") {
        return format!(
            "these programs do not run on this system: remove {} to have them fetched anew, or set \
             DATABASE_URL to a PostgreSQL of your own",
            programs.parent().unwrap_or(programs).display()
        );
    }
    let why = if forbids_programs(programs) {
        "no program may run on that file system (it is mounted `noexec`)"
    } else if is_root() {
        "started by root it runs as `nobody`, who must be allowed to enter that folder and those \
         above it"
    } else {
        "this user may not run it"
    };
    format!("{why}: choose a folder elsewhere with WIDGETARIO_CACHE_HOME")
}

#[cfg(target_os = "linux")]
fn forbids_programs(folder: &Path) -> bool {
    use nix::sys::statvfs::{FsFlags, statvfs};
    statvfs(folder).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOEXEC))
}

#[cfg(not(target_os = "linux"))]
fn forbids_programs(_folder: &Path) -> bool {
    false
}
