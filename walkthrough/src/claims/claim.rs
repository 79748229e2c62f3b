//! A claim, and whether it holds.

use serde::Serialize;

/// Something that a stage claims, and whether it holds.
pub(crate) struct Claim {
    pub(crate) text: String,
    pub(crate) verdict: Verdict,
    /// What was measured; may be empty.
    pub(crate) evidence: String,
}

/// Whether a claim holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Holds,
    Fails,
    /// It cannot be measured here, as the user said with `--without`, or was not measured, because the
    /// way to the shop was interrupted.
    NotProven,
}

impl Claim {
    /// A claim that was measured.
    pub(crate) fn new(text: impl Into<String>, holds: bool, evidence: impl Into<String>) -> Self {
        let verdict = if holds {
            Verdict::Holds
        } else {
            Verdict::Fails
        };
        Self {
            text: text.into(),
            verdict,
            evidence: evidence.into(),
        }
    }

    /// A claim that the user left out; `why` says how it could be proven.
    pub(crate) fn not_proven(text: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            verdict: Verdict::NotProven,
            evidence: why.into(),
        }
    }

    /// The same claim; when it fails, it is not proven, because the way to the shop was interrupted
    /// while it was measured.
    pub(crate) fn interrupted(mut self) -> Self {
        if self.verdict == Verdict::Fails {
            self.verdict = Verdict::NotProven;
            self.evidence
                .push_str("; the port-forward was interrupted meanwhile: verify again");
        }
        self
    }

    /// A claim that fails, because its measurement could not be made and so proves nothing.
    pub(super) fn not_measured(error: &anyhow::Error) -> Self {
        Self::new("everything can be measured", false, format!("{error:#}"))
    }
}

/// The first few of a list, and how many more there are.
pub(crate) fn abridged(list: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = list.iter().take(SHOWN).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join("; ");
    match list.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}
