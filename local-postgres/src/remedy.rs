//! What mends it, read from what a program or the operating system said.

use std::path::Path;

use crate::user;

/// A kind of trouble: phrases of which what was said contains one, what mends it, and whether another
/// folder does, too.
type Kind = (&'static [&'static str], &'static str, bool);

/// The first that fits counts: "No space left on device" is a full disk only when it is not said of
/// memory.
const KINDS: [Kind; 9] = [
    (
        &[
            "pre-existing shared memory",
            "postmaster.pid\" already exists",
        ],
        "another PostgreSQL still serves it: end that one",
        false,
    ),
    (
        &[
            "shared memory",
            "semaphores",
            "Cannot allocate memory",
            "could not fork",
            "Resource temporarily unavailable",
            "Too many open files",
            "insufficient file descriptors",
        ],
        "this machine gives it too little: end other programs, or raise the limit (`ulimit -a`)",
        false,
    ),
    (
        &[
            "No space left on device",
            "wrote only",
            "disk full",
            "not enough space",
        ],
        "the disk is full: make room on it",
        true,
    ),
    (
        &["uota exceeded"],
        "this user's share of the disk is used up: make room there",
        true,
    ),
    (
        &["invalid permissions"],
        "close that folder to others with `chmod 700`",
        false,
    ),
    (
        &[
            "wrong ownership",
            "Permission denied",
            "Operation not permitted",
        ],
        "it belongs to another user or is closed to this one: open it",
        true,
    ),
    (
        &["Read-only file system"],
        "nothing can be written there: make it writable",
        true,
    ),
    (&["too long"], "the path is too long: shorten it", true),
    (
        &["contains errors", "configuration parameter", "pg_hba"],
        "mend what was changed in its configuration; server.log beside the data says more",
        false,
    ),
];

/// What is said of data that is broken: it is given up for this, and for nothing else.
const BROKEN: [&str; 11] = [
    "control file",
    "pg_control",
    "checkpoint",
    "valid data directory",
    "incompatible with server",
    "corrupt",
    "invalid page",
    "could not open file",
    "could not read file",
    "could not open directory",
    "No such file or directory",
];

/// What sessions say when their server ends for another reason.
const BYSTANDERS: [&str; 2] = [
    "terminating connection due to administrator command",
    "the database system is shutting down",
];

/// What mends the trouble of which PostgreSQL or the operating system said `said`; nothing if that is
/// unknown.
pub fn remedy(said: &str) -> Option<&'static str> {
    let kind = KINDS.iter().find(|kind| speaks_of(kind, said));
    kind.map(|(_, remedy, _)| *remedy)
}

/// The same for a folder that `variable` chooses.
pub(crate) fn remedy_in_folder(said: &str, variable: &str) -> Option<String> {
    let (_, remedy, elsewhere) = KINDS.iter().find(|kind| speaks_of(kind, said))?;
    Some(if *elsewhere {
        format!("{remedy}, or choose another folder with {variable}")
    } else {
        (*remedy).to_owned()
    })
}

fn speaks_of((phrases, ..): &Kind, said: &str) -> bool {
    phrases.iter().any(|phrase| said.contains(phrase))
}

/// Whether data of which somebody said `said` is lost.
pub(crate) fn is_broken(said: &str) -> bool {
    BROKEN.iter().any(|phrase| said.contains(phrase))
}

/// Why one of the programs in the folder `programs` gave up, in its own words, and what mends it.
pub(crate) fn diagnosis(said: &[String], programs: &Path) -> (String, Option<String>) {
    let said = || said.iter().map(String::as_str);
    // First what is amiss with the programs themselves, then what has a remedy, then a panic, then the
    // last word.
    let installation = programs.parent().unwrap_or(programs).to_string_lossy();
    if let Some(line) = said().find(|line| line.contains(&*installation)) {
        return (words(line), Some(unusable(line, programs)));
    }
    let is_cause = |line: &&str| {
        let is_grave = mark(line).is_some_and(|mark| mark != "LOG:");
        let is_bystander = BYSTANDERS.iter().any(|words| line.contains(words));
        (is_grave && !is_bystander) || line.contains(" shutdown request")
    };
    let grave = || said().filter(is_cause);
    let kinds = KINDS.iter();
    let mended = kinds.filter_map(|kind| grave().rfind(|line| speaks_of(kind, line)));
    let panic = said().rfind(|line| mark(line) == Some("PANIC:"));
    let line = mended.chain(panic).chain(grave().next_back()).next();
    let line = line.or_else(|| said().rfind(|line| !line.contains("ready to accept")));
    let line = line.unwrap_or("it did not say why");
    (words(line), remedy_in_folder(line, "XDG_DATA_HOME"))
}

/// How grave `line` is, if it says so.
fn mark(line: &str) -> Option<&'static str> {
    let marks = ["FATAL:", "PANIC:", "ERROR:", "error:", "LOG:"];
    marks.into_iter().find(|mark| line.contains(mark))
}

/// `line` without when, who and how grave.
fn words(line: &str) -> String {
    let after = mark(line).and_then(|mark| line.split_once(mark));
    after.map_or(line, |(_, words)| words).trim().to_owned()
}

/// What mends an installation of which a shell or a program said `line`.
fn unusable(line: &str, programs: &Path) -> String {
    if !line.contains("Permission denied") {
        return format!(
            "these programs do not run on this system: remove {} to have them fetched anew, or set \
             DATABASE_URL to a PostgreSQL of your own",
            programs.parent().unwrap_or(programs).display()
        );
    }
    let why = if forbids_programs(programs) {
        "no program may run on that file system (it is mounted `noexec`)"
    } else if user::is_root() {
        "started by root it runs as `nobody`, who must be allowed to enter that folder and those \
         above it"
    } else {
        "this user may not run it"
    };
    format!("{why}: choose a folder elsewhere with XDG_CACHE_HOME")
}

#[cfg(unix)]
fn forbids_programs(folder: &Path) -> bool {
    use nix::sys::statvfs::{FsFlags, statvfs};
    statvfs(folder).is_ok_and(|system| system.flags().contains(FsFlags::ST_NOEXEC))
}

#[cfg(not(unix))]
fn forbids_programs(_folder: &Path) -> bool {
    false
}
