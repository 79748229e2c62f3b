//! What is left when a watchdog was killed: the server's `postmaster.pid`, and sometimes the server
//! itself.
//!
//! The process number in that file may belong to another program by now, so it is not used. Only a
//! process that is proven to be a PostgreSQL with this data gets a signal; then the file is
//! removed. If a server is overlooked, nothing is lost: the next one finds its shared memory and
//! refuses to start, and the overlooked one ends within a minute, because its file is missing.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// Ends the server that still runs with `data`, if there is one, and removes its file. The folder
/// must be locked, so that no other start is under way.
///
/// # Errors
/// When the file cannot be removed.
pub(crate) fn clear(data: &Path) -> Result<(), Error> {
    let path = data.join("postmaster.pid");
    if !path.exists() {
        return Ok(());
    }
    #[cfg(unix)]
    unix::end(data);
    match fs::remove_file(&path) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file(&path)(cause))
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
mod unix {
    use std::path::Path;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    /// Asks the server with `data` to stop, and waits until it has stopped.
    pub(super) fn end(data: &Path) {
        let deadline = Instant::now() + Duration::from_secs(30);
        // Only the parent of the others: to them, the same signal means something else.
        for process in servers(data).into_iter().filter(|id| is_parent(*id)) {
            let _ = kill(Pid::from_raw(process), Signal::SIGINT);
        }
        while !servers(data).is_empty() && Instant::now() < deadline {
            sleep(Duration::from_millis(20));
        }
    }

    /// The processes of PostgreSQL that work in `data`, as all of a server's do.
    #[cfg(target_os = "linux")]
    fn servers(data: &Path) -> Vec<i32> {
        let Ok(data) = std::fs::canonicalize(data) else {
            return Vec::new();
        };
        let serves = |process: &Path| {
            let program = std::fs::read_link(process.join("exe")).unwrap_or_default();
            let program = program.file_name().unwrap_or_default().to_string_lossy();
            // The file of a running program may have been removed.
            program.trim_end_matches(" (deleted)") == "postgres"
                && std::fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == data)
        };
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes
            .filter(|process| serves(&process.path()))
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// Whether a process is the parent, whose command line has `-D`; the others overwrite theirs.
    #[cfg(target_os = "linux")]
    fn is_parent(process: i32) -> bool {
        let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == b"-D")
    }

    #[cfg(not(target_os = "linux"))]
    fn is_parent(_process: i32) -> bool {
        true
    }

    /// The parent processes, by their command lines: these systems tell nothing else.
    #[cfg(not(target_os = "linux"))]
    fn servers(data: &Path) -> Vec<i32> {
        let mut ps = std::process::Command::new("/bin/ps");
        let lines = ps.args(["-axww", "-o", "pid=,args="]).output();
        let lines = lines.map(|output| output.stdout).unwrap_or_default();
        let start = format!("/bin/postgres -D {} ", data.display());
        String::from_utf8_lossy(&lines)
            .lines()
            .filter(|line| line.contains(&start))
            .filter_map(|line| line.split_whitespace().next()?.parse().ok())
            .collect()
    }
}
