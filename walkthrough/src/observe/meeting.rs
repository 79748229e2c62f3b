//! What a caller inside the cluster meets at a port, by the line that `probe` writes.

use std::fmt;

use anyhow::bail;

use super::callers::probe;

/// What a caller meets at a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Meeting {
    /// An answer.
    Answer,
    /// A connection that is accepted and comes to nothing: a sidecar took it, and got no further.
    End,
    /// A connection that is refused at once: by the network, or because nobody listens.
    Refusal,
    /// Nothing within the 4 s of a probe.
    Silence,
}

/// What `program`, in a pod's container of that name, meets at `url`.
///
/// # Errors
/// When the pod cannot be asked.
pub(crate) fn met_by(
    namespace: &str,
    pod: &str,
    program: &str,
    url: &str,
) -> anyhow::Result<Meeting> {
    let lines = probe(namespace, pod, program, &[url]);
    Meeting::of(lines.first().map_or("", String::as_str))
}

impl Meeting {
    /// Reads the line that `probe` writes.
    ///
    /// # Errors
    /// When it tells of something else, such as a pod that has gone.
    fn of(line: &str) -> anyhow::Result<Self> {
        const ENDS: [&str; 4] = [
            "reset by peer",
            "closed before",
            "closed connection",
            " eof",
        ];
        const REFUSALS: [&str; 3] = ["Connection refused", "unreachable", "No route"];
        const SILENCES: [&str; 2] = ["timed out", "deadline has elapsed"];
        let says = |words: &[&str]| words.iter().any(|word| line.contains(word));
        let first = line.split(' ').next().unwrap_or_default();
        Ok(match first.parse::<u16>() {
            // A sidecar's own word for a connection that it could not make.
            Ok(502..=504) => Self::End,
            Ok(_) => Self::Answer,
            Err(_) if line.starts_with("PostgreSQL answers") => Self::Answer,
            Err(_) if says(&SILENCES) => Self::Silence,
            Err(_) if says(&REFUSALS) => Self::Refusal,
            Err(_) if says(&ENDS) => Self::End,
            Err(_) => bail!("a call inside the cluster could not be made: {line}"),
        })
    }
}

impl fmt::Display for Meeting {
    /// What the port does, as the end of a sentence.
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(match self {
            Self::Answer => "answers",
            Self::End => "comes to nothing behind the sidecar",
            Self::Refusal => "refuses at once",
            Self::Silence => "lets the caller wait",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_that_refuses_or_drops_is_told_from_a_sidecar_that_ends_a_connection() {
        for (line, expected) in [
            ("200 OK in 1.2ms", Meeting::Answer),
            ("404 Not Found in 1.2ms", Meeting::Answer),
            ("PostgreSQL answers in 1.2ms", Meeting::Answer),
            (
                "503 Service Unavailable upstream connect error in 1ms",
                Meeting::End,
            ),
            (
                "no answer: Connection reset by peer (os error 104)",
                Meeting::End,
            ),
            ("refused: early eof in 1.2ms", Meeting::End),
            (
                "no answer: Connection refused (os error 111)",
                Meeting::Refusal,
            ),
            (
                "no answer: No route to host (os error 113)",
                Meeting::Refusal,
            ),
            ("no answer: operation timed out", Meeting::Silence),
            ("no answer: deadline has elapsed", Meeting::Silence),
        ] {
            assert_eq!(Meeting::of(line).ok(), Some(expected), "{line}");
        }
        let gone = "Error from server (NotFound): pods \"policy-caller\" not found";
        assert!(Meeting::of(gone).is_err());
    }
}
