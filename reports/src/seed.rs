//! Seeds as people type and read them, and the one line a sweep writes per seed.
//!
//! Workers speak [`SeedLine`]s to the coordinator, and shards leave them in files. A line has all
//! that a sweep's summary needs, and enough evidence to understand a failure without running it
//! again; the whole story is one `reproduce` command away.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sim::check::{Evidence, Judgement, Kind, Verdict};
use sim::record::fingerprint::Fingerprint;
use sim::record::history::OperationCounts;

use crate::run::RunReport;
use crate::schema::{Document, Schema};
use crate::verdict::RunVerdict;

/// A seed: read as decimal or hexadecimal, written as hexadecimal, since not every reader of JSON
/// keeps 64-bit numbers whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:#x}", self.0))
    }
}

/// A text that is no seed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a seed: write a number below 2^64, such as `42` or `0x2a`")]
pub struct SeedError(String);

impl FromStr for Seed {
    type Err = SeedError;
    fn from_str(text: &str) -> Result<Seed, SeedError> {
        let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        // `from_str_radix` would take a sign; a seed has none.
        if digits.starts_with(['+', '-']) {
            return Err(SeedError(text.to_owned()));
        }
        u64::from_str_radix(digits, radix)
            .map(Seed)
            .map_err(|_| SeedError(text.to_owned()))
    }
}

impl TryFrom<String> for Seed {
    type Error = SeedError;
    fn try_from(text: String) -> Result<Seed, SeedError> {
        text.parse()
    }
}

impl From<Seed> for String {
    fn from(seed: Seed) -> String {
        seed.to_string()
    }
}

/// What became of one seed of a sweep: `proveniq/seed/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedLine {
    /// `proveniq/seed/v1`.
    pub schema: Schema<SeedLine>,
    /// The scenario's name.
    pub scenario: String,
    /// The run's seed.
    pub seed: Seed,
    /// The verdict over the run.
    pub verdict: RunVerdict,
    /// The identity of the run; nothing when it failed to run.
    pub fingerprint: Option<Fingerprint>,
    /// The checks that were violated, in the order in which they judged.
    pub violated: Vec<ViolatedCheck>,
    /// The checks that could not judge.
    pub unknown: Vec<UnknownCheck>,
    /// Why it failed to run, when it did.
    pub failure: Option<String>,
    /// Whether that came from outside, such as a signal of somebody else: it says nothing of the seed, and
    /// another try may succeed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lost_from_outside: bool,
    /// Whether the run was led by what others of its sweep showed, and not drawn by its seed: the seed is
    /// no more than its name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub led: bool,
    /// How many client operations ended how.
    pub operations: OperationCounts,
    /// How many events there were.
    pub events: u64,
    /// Simulated milliseconds.
    pub simulated_ms: u64,
    /// Named interesting states that were reached.
    pub reached: BTreeSet<String>,
    /// The one command that has this run again; empty for one that was led by others and held, since nothing
    /// of it is saved.
    pub reproduce: String,
}

/// A violated check of a run, with the first of its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViolatedCheck {
    /// The check's name.
    pub check: String,
    /// When it must hold.
    pub kind: Kind,
    /// The first subject with its numbers taken out: failures of one check and one kind of subject
    /// are taken for the same failure, if they came about in the same way.
    pub subject_kind: String,
    /// What is wrong with it, with everything that differs from seed to seed taken out: the form of the
    /// first claim. Failures of another form are taken for others where no shape is known.
    pub claim_kind: String,
    /// By which kinds of steps the first came about, where that was looked into: failures of another shape
    /// are taken for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub causal_shape: String,
    /// How many pieces of evidence there are.
    pub evidence_total: u64,
    /// The first of them, at most [`EVIDENCE_PER_CHECK_MAX`].
    pub evidence: Vec<SeedEvidence>,
}

/// How much evidence a line carries for one check.
pub const EVIDENCE_PER_CHECK_MAX: usize = 3;

/// A piece of evidence without the operations and events that show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedEvidence {
    /// What it is about; empty when it is the run itself.
    pub subject: String,
    /// What is wrong, in a sentence.
    pub claim: String,
    /// When it went wrong, in simulated milliseconds, where that is known.
    pub at_ms: Option<u64>,
}

/// A check that could not judge a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownCheck {
    /// The check's name.
    pub check: String,
    /// Why it could not.
    pub reason: String,
}

impl Document for SeedLine {
    const SCHEMA: &'static str = "proveniq/seed/v1";
}

impl SeedLine {
    /// The line of a run that was judged.
    pub fn of_run(report: &RunReport<'_>) -> SeedLine {
        let record = report.record;
        SeedLine {
            schema: Schema::new(),
            scenario: report.scenario.to_owned(),
            seed: Seed(report.seed),
            verdict: report.verdict(),
            fingerprint: Some(record.fingerprint),
            violated: report.judgements.iter().filter_map(violated).collect(),
            unknown: report.judgements.iter().filter_map(unknown).collect(),
            failure: None,
            lost_from_outside: false,
            led: false,
            operations: record.history.counts(),
            events: record.events,
            simulated_ms: record.simulated.millis(),
            reached: record.reached.clone(),
            reproduce: report.reproduce.clone(),
        }
    }

    /// The line of a seed that left no record: its process hung, was killed or aborted.
    pub fn failed_to_run(
        scenario: &str,
        seed: Seed,
        failure: impl Into<String>,
        reproduce: impl Into<String>,
    ) -> SeedLine {
        SeedLine {
            schema: Schema::new(),
            scenario: scenario.to_owned(),
            seed,
            verdict: RunVerdict::FailedToRun,
            fingerprint: None,
            violated: Vec::new(),
            unknown: Vec::new(),
            failure: Some(failure.into()),
            lost_from_outside: false,
            led: false,
            operations: OperationCounts::default(),
            events: 0,
            simulated_ms: 0,
            reached: BTreeSet::new(),
            reproduce: reproduce.into(),
        }
    }
}

impl SeedEvidence {
    /// The evidence in a sentence.
    pub(crate) fn in_words(&self) -> String {
        let at = self.at_ms.map_or(String::new(), |at| {
            format!(" (at {})", sim::SimTime::from_millis(at))
        });
        match self.subject.as_str() {
            "" => format!("{}{at}", self.claim),
            subject => format!("{subject}: {}{at}", self.claim),
        }
    }
}

fn violated(judgement: &Judgement) -> Option<ViolatedCheck> {
    let Verdict::Violated(evidence) = &judgement.verdict else {
        return None;
    };
    let first = evidence.first().map_or("", |first| &first.subject);
    Some(ViolatedCheck {
        check: judgement.check.to_owned(),
        kind: judgement.kind,
        subject_kind: kind_of(first),
        claim_kind: evidence
            .first()
            .map_or_else(String::new, |first| claim_kind_of(&first.claim)),
        causal_shape: String::new(),
        evidence_total: evidence.len() as u64,
        evidence: evidence
            .iter()
            .take(EVIDENCE_PER_CHECK_MAX)
            .map(short)
            .collect(),
    })
}

fn short(evidence: &Evidence) -> SeedEvidence {
    SeedEvidence {
        subject: evidence.subject.clone(),
        claim: evidence.claim.clone(),
        at_ms: evidence.at.map(sim::SimTime::millis),
    }
}

fn unknown(judgement: &Judgement) -> Option<UnknownCheck> {
    match &judgement.verdict {
        Verdict::Unknown(reason) => Some(UnknownCheck {
            check: judgement.check.to_owned(),
            reason: reason.clone(),
        }),
        Verdict::Held | Verdict::Violated(_) => None,
    }
}

/// The text with everything that differs from seed to seed taken out: `asset-17` and `asset-3` are
/// both an `asset-#`, and so is `asset-9f03c2`.
pub(crate) fn kind_of(subject: &str) -> String {
    let mut kind = String::with_capacity(subject.len());
    let mut rest = subject;
    while let Some(first) = rest.chars().next() {
        let word_length = rest
            .find(|character: char| !character.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_length.max(first.len_utf8()));
        push_kind_of_word(&mut kind, word);
        rest = after;
    }
    kind
}

/// The form of a claim. A list counts as one of its items, however long it is, and a claim is told by
/// its beginning.
pub(crate) fn claim_kind_of(claim: &str) -> String {
    const CHARACTERS_MAX: usize = 120;
    let mut kind = kind_of(claim);
    for repeated in ["#, #", "# and #", "# #"] {
        while kind.contains(repeated) {
            kind = kind.replace(repeated, "#");
        }
    }
    kind.chars().take(CHARACTERS_MAX).collect()
}

fn push_kind_of_word(kind: &mut String, word: &str) {
    let has_digit = word.contains(|character: char| character.is_ascii_digit());
    let is_hexadecimal = word
        .chars()
        .all(|character| character.is_ascii_hexdigit() && !character.is_ascii_uppercase());
    if has_digit && is_hexadecimal {
        kind.push('#');
        return;
    }
    let mut in_number = false;
    for character in word.chars() {
        let is_digit = character.is_ascii_digit();
        match (is_digit, in_number) {
            (true, false) => kind.push('#'),
            (true, true) => {}
            (false, _) => kind.push(character),
        }
        in_number = is_digit;
    }
}
