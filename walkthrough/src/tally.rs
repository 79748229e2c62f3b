//! Writes the verdicts on the claims, and counts them.

use std::cmp::Reverse;
use std::process::ExitCode;
use std::time::Duration;

use chassis::{OutputError, say};
use serde_json::{Map, Value, json};

use crate::claims::claim::{Claim, Verdict, abridged};
use crate::documents::Stage;

/// The verdicts on the claims of a walk, counted.
pub(crate) struct Tally {
    as_json: bool,
    held: usize,
    failed: Vec<String>,
    not_proven: Vec<String>,
    /// The stages that the walk did not reach.
    not_reached: Vec<String>,
    /// How long each stage took, in order.
    took: Vec<(String, Duration)>,
}

impl Tally {
    /// An empty tally, which writes lines for people, or JSON.
    pub(crate) fn new(as_json: bool) -> Self {
        Self {
            as_json,
            held: 0,
            failed: Vec::new(),
            not_proven: Vec::new(),
            not_reached: Vec::new(),
            took: Vec::new(),
        }
    }

    /// Writes the claims of a stage, measured within `seconds`.
    ///
    /// # Errors
    /// When nobody reads standard output any more.
    pub(crate) fn report(
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

    /// Records that the walk ended within the first of `stages`, which counts as a claim that
    /// fails, and did not reach the others.
    ///
    /// # Errors
    /// When nobody reads standard output any more.
    pub(crate) fn broke_off(
        &mut self,
        stages: &[Stage],
        error: &anyhow::Error,
    ) -> Result<(), OutputError> {
        if let [stage, rest @ ..] = stages {
            let claim = Claim::new("its commands can be run", false, format!("{error:#}"));
            self.claim(&stage.key, &claim)?;
            let keys = rest.iter().map(|stage| stage.key.clone());
            self.not_reached.extend(keys);
        }
        Ok(())
    }

    /// Records how long a stage took, with its commands.
    pub(crate) fn took(&mut self, key: &str, time: Duration) {
        self.took.push((key.to_owned(), time));
    }

    /// Writes how long each stage took, if there are several, and, as the last line, how many claims
    /// hold, and which do not. The status tells whether a claim fails.
    ///
    /// # Errors
    /// When nobody reads standard output any more.
    pub(crate) fn close(self) -> anyhow::Result<ExitCode> {
        let status = if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
        if !self.as_json && self.took.len() > 1 {
            say!("\n{}", self.times())?;
        }
        say!("{}", self.summary())?;
        Ok(status)
    }

    /// A line for each stage with its time, the longest first, and one for all of them.
    fn times(&self) -> String {
        let mut longest_first: Vec<&(String, Duration)> = self.took.iter().collect();
        longest_first.sort_by_key(|(_, time)| Reverse(*time));
        let lines = longest_first
            .iter()
            .map(|(key, time)| format!("{:9.0} s  {key}\n", time.as_secs_f64()));
        let all = self.took.iter().map(|(_, time)| time).sum::<Duration>();
        let (minutes, seconds) = (all.as_secs() / 60, all.as_secs() % 60);
        let lines = lines.collect::<String>();
        format!("{lines}{minutes:2} min {seconds:2} s  all stages\n")
    }

    fn summary(&self) -> String {
        if self.as_json {
            let seconds: Map<String, Value> = self
                .took
                .iter()
                .map(|(key, time)| (key.clone(), time.as_secs().into()))
                .collect();
            return json!({
                "held": self.held,
                "failed": self.failed,
                "not_proven": self.not_proven,
                "stages_not_reached": self.not_reached,
                "seconds": seconds,
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
            took: Vec::new(),
        };
        assert_eq!(
            tally.summary(),
            "In all: 89 held, 1 (demo2/load: no request fails) failed, \
             1 (demo5/kiali: Kiali draws them) not proven"
        );
        tally.not_reached.push("demo5/traces".into());
        assert!(
            tally
                .summary()
                .ends_with("; 1 stages were not reached: demo5/traces")
        );
    }

    #[test]
    fn stages_are_listed_by_their_time_with_the_longest_first() {
        let mut tally = Tally::new(false);
        tally.took("demo1/install", Duration::from_secs(9));
        tally.took("demo2/load", Duration::from_secs(61));
        assert_eq!(
            tally.times(),
            "       61 s  demo2/load\n        9 s  demo1/install\n 1 min 10 s  all stages\n"
        );
    }
}
