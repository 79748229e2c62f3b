//! Commands that start a container, on a Docker engine that runs on this very machine.
//!
//! The documents call this machine `host.docker.internal`, as containers of Docker Desktop and
//! others do, whose engine runs in a machine of its own. An engine beside this program does not
//! know that name; there, a container in the network of this machine reaches `localhost`.

use std::fs;
use std::process::{Command, Stdio};

use crate::documents::Line;

/// The command, with this machine's network and name where its engine is this machine's own.
pub(super) fn adapted(line: Line) -> Line {
    if line[0] == "docker" && is_of_this_machine() {
        in_this_network(&line)
    } else {
        line
    }
}

/// `line`, whose container is in the network of this machine.
fn in_this_network(line: &Line) -> Line {
    let mut words: Line = line
        .iter()
        .map(|word| word.replace("host.docker.internal", "localhost"))
        .collect();
    if let Some(run) = words.iter().position(|word| word == "run")
        && words != *line
    {
        words.splice(run..=run, ["run", "--network", "host"].map(str::to_owned));
    }
    words
}

/// Whether the engine has this machine's name. (Only on Linux can it be this machine's own.)
fn is_of_this_machine() -> bool {
    let Ok(name) = fs::read_to_string("/proc/sys/kernel/hostname") else {
        return false;
    };
    let info = Command::new("docker")
        .args(["info", "--format", "{{.Name}}"])
        .stdin(Stdio::null())
        .output();
    info.is_ok_and(|info| String::from_utf8_lossy(&info.stdout).trim() == name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_beside_the_engine_reaches_this_machine_by_its_own_network() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Line>();
        let load = words("docker container run --rm a/b:1 load http://host.docker.internal:8010/");
        assert_eq!(
            in_this_network(&load).join(" "),
            "docker container run --network host --rm a/b:1 load http://localhost:8010/"
        );
        let other = words("docker compose build");
        assert_eq!(in_this_network(&other), other);
    }
}
