//! What was found of each claim, and how it is told.

use std::process::ExitCode;

use chassis::{OutputError, say};
use serde::Serialize;
use serde_json::json;

use super::{Options, abridged};

/// What was found of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Holds,
    Fails,
    /// Said to be out of reach, by `--without`.
    NotProven,
}

/// Something that a stage says, and what was seen of it.
pub(super) struct Claim {
    pub(super) text: String,
    pub(super) verdict: Verdict,
    pub(super) evidence: String,
}

impl Claim {
    pub(super) fn new(text: impl Into<String>, holds: bool, evidence: impl Into<String>) -> Self {
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

    pub(super) fn not_proven(text: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            verdict: Verdict::NotProven,
            evidence: why.into(),
        }
    }
}

/// What became of the claims of a walk.
pub(crate) struct Tally {
    as_json: bool,
    held: usize,
    failed: Vec<String>,
    not_proven: Vec<String>,
    /// The stages that a walk did not come to.
    not_reached: Vec<String>,
}

impl Tally {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            as_json: options.json,
            held: 0,
            failed: Vec::new(),
            not_proven: Vec::new(),
            not_reached: Vec::new(),
        }
    }

    /// Writes the claims of a stage, measured within `seconds`.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(super) fn report(
        &mut self,
        key: &str,
        claims: &[Claim],
        seconds: f64,
    ) -> Result<(), OutputError> {
        for claim in claims {
            self.claim(key, claim)?;
        }
        if !self.as_json {
            say!("{:10}  {key:24}  in {seconds:.0} s", "")?;
        }
        Ok(())
    }

    fn claim(&mut self, key: &str, claim: &Claim) -> Result<(), OutputError> {
        let (text, evidence) = (&claim.text, &claim.evidence);
        let named = || format!("{key}: {text}");
        match claim.verdict {
            Verdict::Holds => self.held += 1,
            Verdict::Fails => self.failed.push(named()),
            Verdict::NotProven => self.not_proven.push(named()),
        }
        if self.as_json {
            let verdict = claim.verdict;
            let line =
                json!({ "stage": key, "claim": text, "verdict": verdict, "evidence": evidence });
            return say!("{line}");
        }
        let verdict = match claim.verdict {
            Verdict::Holds => "holds",
            Verdict::Fails => "FAILS",
            Verdict::NotProven => "not proven",
        };
        let separator = if evidence.is_empty() { "" } else { ": " };
        say!("{verdict:10}  {key:24}  {text}{separator}{evidence}")
    }

    /// Notes that a stage could not be walked to its end, which proves nothing, so it fails.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) fn broke_off(
        &mut self,
        key: &str,
        error: &anyhow::Error,
    ) -> Result<(), OutputError> {
        let claim = Claim::new("its commands can be run", false, format!("{error:#}"));
        self.claim(key, &claim)
    }

    /// Notes the stages that come after one that broke off.
    pub(crate) fn not_reached(&mut self, keys: impl Iterator<Item = String>) {
        self.not_reached.extend(keys);
    }

    /// Writes the last line: how many claims hold, and which do not. The status tells whether none
    /// fails.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) fn close(self) -> anyhow::Result<ExitCode> {
        let status = if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
        say!("{}", self.summary())?;
        Ok(status)
    }

    fn summary(&self) -> String {
        if self.as_json {
            return json!({
                "held": self.held,
                "failed": self.failed,
                "not_proven": self.not_proven,
                "stages_not_reached": self.not_reached,
            })
            .to_string();
        }
        let named = |names: &[String]| match names {
            [] => "0".to_owned(),
            names => format!("{} ({})", names.len(), names.join("; ")),
        };
        let mut summary = format!(
            "In all: {} held, {} failed, {} not proven",
            self.held,
            named(&self.failed),
            named(&self.not_proven)
        );
        if !self.not_reached.is_empty() {
            let (count, keys) = (self.not_reached.len(), abridged(&self.not_reached));
            summary = format!("{summary}; {count} stages were not reached: {keys}");
        }
        summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_line_names_what_failed_and_what_was_not_proven() {
        let mut tally = Tally {
            as_json: false,
            held: 89,
            failed: vec!["demo2/load: no request fails".into()],
            not_proven: vec!["demo5/kiali: Kiali draws them".into()],
            not_reached: Vec::new(),
        };
        assert_eq!(
            tally.summary(),
            "In all: 89 held, 1 (demo2/load: no request fails) failed, \
             1 (demo5/kiali: Kiali draws them) not proven"
        );
        tally.not_reached(["demo5/traces".to_owned()].into_iter());
        assert!(
            tally
                .summary()
                .ends_with("; 1 stages were not reached: demo5/traces")
        );
    }
}
