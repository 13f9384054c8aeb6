//! A policy: the few keys of the system's configuration that a learner sets, each within bounds.
//!
//! A policy file is TOML whose keys are those of the lab's [`Knob`]s. An unknown key, a value of another kind or
//! out of bounds is told with file, line and field before anything runs: no number from outside can make a run long or
//! large. What is read becomes overrides of the lab's scenario file, hence goes through the same
//! validation as any scenario, and can be given to `proveniq run` as `--set`.

use std::collections::BTreeMap;

use crate::file::document::Document;
use crate::file::key_path::KeyPath;
use crate::file::source::Source;
use crate::file::wording::did_you_mean;
use crate::file::{Mistakes, mistake_in};

/// The largest policy file, in bytes.
pub const FILE_MAX: usize = 64 * 1024;

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// Up to so many whole numbers, each from the second to the third, in all no more than the fourth.
    Numbers(usize, i64, i64, i64),
}

/// A key that a policy may set.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// The key in a policy, such as `intake.batch`.
    pub key: &'static str,
    /// The key of the scenario it sets; nothing when the lab itself reads it.
    pub sets: Option<&'static str>,
    /// What it may be.
    pub kind: Kind,
    /// What it is when not given. In a table of its own that holds once any key of the table is given; a table
    /// none of whose keys is given is not there.
    pub default: &'static str,
    /// What it is.
    pub meaning: &'static str,
}

impl Knob {
    fn table(&self) -> Option<&'static str> {
        self.key.split_once('.').map(|(table, _)| table)
    }
}

/// The values of a policy, as a scenario file would write them, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy(BTreeMap<&'static str, String>);

impl Policy {
    /// A number.
    ///
    /// # Panics
    /// When the lab has no such number, or its table is not there.
    pub fn number(&self, key: &str) -> u64 {
        let value = self.0.get(key).and_then(|value| value.parse().ok());
        value.expect("a lab asks for numbers that its knobs have")
    }

    /// Whether a word or switch has this value.
    pub fn is(&self, key: &str, word: &str) -> bool {
        self.0
            .get(key)
            .is_some_and(|value| value.trim_matches('"') == word)
    }

    /// The overrides of the scenario it amounts to.
    pub fn overrides(&self, knobs: &[Knob]) -> Vec<String> {
        let set = knobs.iter().filter_map(|knob| {
            let value = self.0.get(knob.key)?;
            knob.sets.map(|sets| format!("{sets}={value}"))
        });
        set.collect()
    }

    /// Its values, by key.
    pub fn values(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(key, value)| (*key, value.as_str()))
    }
}

/// Reads a policy. `origin` is the file's name, for its mistakes; below `within`, if it is given, stands the table.
///
/// # Errors
/// Every value that is unknown, of another kind or out of bounds; or that the file is no TOML.
pub fn read(
    origin: &str,
    bytes: &[u8],
    within: Option<&str>,
    knobs: &[Knob],
) -> Result<Policy, Mistakes> {
    let text = text(origin, bytes)?;
    let source = Source::new(origin, text, &[]);
    let document = Document::parse(&source)?;
    let tree: serde_json::Value = document.deserialize()?;
    let mut found = Vec::new();
    let root = KeyPath(Vec::new());
    flatten(&tree, &root, &mut found);
    let mut given: BTreeMap<&'static str, String> = BTreeMap::new();
    let mut mistakes = Vec::new();
    for (path, value) in found {
        let path_text = path.to_string();
        let key = match within {
            None => path_text.as_str(),
            Some(table) => match path_text.strip_prefix(table) {
                Some(rest) => rest.trim_start_matches('.'),
                None => continue,
            },
        };
        let Some(knob) = knobs.iter().find(|knob| knob.key == key) else {
            let keys = knobs.iter().map(|knob| knob.key);
            let hint = did_you_mean(key, keys, "the keys are");
            let message = format!("a policy of this lab has no key `{key}`");
            mistakes.push(document.complain(&path, message, Some(hint)));
            continue;
        };
        match written(knob.kind, &value) {
            Ok(written) => drop(given.insert(knob.key, written)),
            Err(message) => {
                let message = format!("`{key}`: {message}");
                mistakes.push(document.complain(&path, message, Some(knob.meaning.to_owned())));
            }
        }
    }
    match mistakes.is_empty() {
        true => Ok(with_defaults(given, knobs)),
        false => Err(Mistakes(mistakes)),
    }
}

/// The names of the tables at the root of a file.
///
/// # Errors
/// When it is no TOML.
pub fn tables(origin: &str, bytes: &[u8]) -> Result<Vec<String>, Mistakes> {
    let source = Source::new(origin, text(origin, bytes)?, &[]);
    let tree: serde_json::Map<String, serde_json::Value> =
        Document::parse(&source)?.deserialize()?;
    Ok(tree.keys().cloned().collect())
}

fn text<'a>(origin: &str, bytes: &'a [u8]) -> Result<&'a str, Mistakes> {
    if bytes.len() > FILE_MAX {
        let message = format!("larger than {FILE_MAX} bytes");
        return Err(mistake_in(origin, message, None));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n');
        let message = format!("line {} is not UTF-8", line.count());
        mistake_in(origin, message, None)
    })
}

fn with_defaults(mut given: BTreeMap<&'static str, String>, knobs: &[Knob]) -> Policy {
    let there: Vec<&str> = knobs
        .iter()
        .filter(|knob| given.contains_key(knob.key))
        .filter_map(Knob::table)
        .collect();
    for knob in knobs {
        if knob.table().is_none_or(|table| there.contains(&table)) {
            given
                .entry(knob.key)
                .or_insert_with(|| knob.default.to_owned());
        }
    }
    Policy(given)
}

fn flatten(
    value: &serde_json::Value,
    path: &KeyPath,
    found: &mut Vec<(KeyPath, serde_json::Value)>,
) {
    match value {
        serde_json::Value::Object(table) => {
            for (key, value) in table {
                flatten(value, &path.key(key), found);
            }
        }
        other => found.push((path.clone(), other.clone())),
    }
}

/// A value as a scenario file writes it.
fn written(kind: Kind, value: &serde_json::Value) -> Result<String, String> {
    match (kind, value) {
        (Kind::Number(low, high), serde_json::Value::Number(number)) => {
            let within = number.as_i64().filter(|it| (low..=high).contains(it));
            let within =
                within.ok_or(format!("{number} is out of bounds: give {low} to {high}"))?;
            Ok(within.to_string())
        }
        (Kind::Word(words), serde_json::Value::String(word)) => {
            match words.contains(&word.as_str()) {
                true => Ok(format!("\"{word}\"")),
                false => Err(did_you_mean(word, words.iter().copied(), "give one of")),
            }
        }
        (Kind::Switch, serde_json::Value::Bool(on)) => Ok(on.to_string()),
        (Kind::Numbers(most, low, high, sum), serde_json::Value::Array(values)) => {
            numbers(values, most, (low, high), sum)
        }
        (Kind::Number(low, high), _) => Err(format!("give a whole number, {low} to {high}")),
        (Kind::Word(words), _) => Err(format!("give one of {}", words.join(", "))),
        (Kind::Switch, _) => Err("give true or false".to_owned()),
        (Kind::Numbers(most, low, high, _), _) => Err(format!(
            "give up to {most} whole numbers in brackets, each {low} to {high}"
        )),
    }
}

/// A list of whole numbers as a scenario file would write it.
fn numbers(
    values: &[serde_json::Value],
    most: usize,
    (low, high): (i64, i64),
    sum_max: i64,
) -> Result<String, String> {
    if values.len() > most {
        return Err(format!(
            "{} numbers are too many: give {most} at most",
            values.len()
        ));
    }
    let mut sum = 0_i64;
    for value in values {
        let number = value.as_i64().filter(|it| (low..=high).contains(it));
        let told = || format!("{value} is out of bounds: give whole numbers of {low} to {high}");
        sum = sum.saturating_add(number.ok_or_else(told)?);
    }
    if sum > sum_max {
        return Err(format!("they come to {sum} in all: give {sum_max} at most"));
    }
    Ok(serde_json::Value::from(values).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn knob(key: &'static str, kind: Kind, default: &'static str) -> Knob {
        Knob {
            key,
            sets: Some("system.cores"),
            kind,
            default,
            meaning: "how many",
        }
    }

    const KNOBS: &[Knob] = &[
        knob("cores", Kind::Number(1, 8), "3"),
        knob("intake.batch", Kind::Number(1, 500), "50"),
        knob("intake.clerks", Kind::Number(1, 8), "2"),
        knob("order", Kind::Word(&["none", "per_asset"]), "\"none\""),
        knob("discard", Kind::Switch, "false"),
        knob("retry.waits_s", Kind::Numbers(3, 1, 100, 150), "[5]"),
    ];

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        match (read("mine.toml", text.as_bytes(), None, KNOBS), expected) {
            (Ok(policy), Ok(expected)) => {
                let values: Vec<String> = policy
                    .values()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                assert_eq!(values.join(" "), expected);
            }
            (Err(mistakes), Err(expected)) => {
                let told = mistakes.to_string();
                assert!(told.contains("mine.toml"), "{told}");
                assert!(told.contains(expected), "{told}\nwithout {expected}");
            }
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }

    #[test]
    fn a_policy_is_read_with_defaults_table_by_table() {
        check("", Ok("cores=3 discard=false order=\"none\""));
        check(
            "cores = 8\n[intake]\nbatch = 1",
            Ok("cores=8 discard=false intake.batch=1 intake.clerks=2 order=\"none\""),
        );
        check(
            "order = 'per_asset'\ndiscard = true",
            Ok("cores=3 discard=true order=\"per_asset\""),
        );
        check(
            "retry.waits_s = [1, 100, 49]",
            Ok("cores=3 discard=false order=\"none\" retry.waits_s=[1,100,49]"),
        );
        check(
            "[retry]\nwaits_s = []",
            Ok("cores=3 discard=false order=\"none\" retry.waits_s=[]"),
        );
    }

    #[test]
    fn what_is_absurd_is_refused_with_file_line_and_field() {
        check("cores = 9", Err("`cores`: 9 is out of bounds: give 1 to 8"));
        check("cores = -1", Err("out of bounds"));
        check("\n\ncores = 99999999999", Err("mine.toml:3"));
        check("cores = 1e9", Err("give 1 to 8"));
        check("cores = 'many'", Err("give a whole number, 1 to 8"));
        check("cores = [1]", Err("give a whole number"));
        check("discard = 1", Err("give true or false"));
        check("order = 'best'", Err("`order`"));
        for (waits, told) in [
            ("[0]", "`retry.waits_s`: 0 is out of bounds"),
            ("[5, -1]", "-1 is out of bounds"),
            ("[101]", "give whole numbers of 1 to 100"),
            ("[99999999999999999999]", "mine.toml:2"),
            ("[1.5]", "1.5 is out of bounds"),
            ("[1, 1, 1, 1]", "4 numbers are too many: give 3 at most"),
            ("[100, 51]", "they come to 151 in all: give 150 at most"),
            ("[[1]]", "[1] is out of bounds"),
            ("[\"1\"]", "out of bounds"),
            ("60", "give up to 3 whole numbers in brackets"),
            ("\"svix\"", "give up to 3 whole numbers"),
        ] {
            check(&format!("[retry]\nwaits_s = {waits}"), Err(told));
            check(&format!("[retry]\nwaits_s = {waits}"), Err("mine.toml:2"));
        }
        check("core = 1", Err("no key `core`"));
        check("[intake]\nbach = 1", Err("mine.toml:2"));
        check("cores = ", Err("mine.toml:1"));
        check(&"[".repeat(50_000), Err("mine.toml"));
        check(&" ".repeat(70_000), Err("larger than 65536 bytes"));
    }

    #[test]
    fn text_that_is_none_is_refused_with_its_line() {
        let told = read("mine.toml", b"cores = 1\n\xff", None, KNOBS).unwrap_err();
        assert!(told.to_string().contains("line 2 is not UTF-8"), "{told}");
    }
}
