//! What a learner hands in: three files, read within bounds.
//!
//! A file that is too large, is not UTF-8, nests too deeply, or has a field that is unknown, missing or of the
//! wrong kind makes the submission *not graded*, with file, line and field; it is never scored zero. Start at
//! [`Submission::read`]; [`Malformed`] is what it tells.

pub mod malformed;
pub mod postmortem;
pub mod update;

mod timed;

use std::ops::Range;

use model::incident::action::Action;
use model::incident::episode::LENGTH;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

pub use self::malformed::Malformed;
use self::postmortem::Postmortem;
use self::update::Update;
use crate::hidden::hash_of;

/// The name of the file of actions.
pub const ACTIONS: &str = "actions.jsonl";
/// The name of the file of status updates.
pub const UPDATES: &str = "updates.jsonl";
/// The name of the post-mortem.
pub const POSTMORTEM: &str = "postmortem.toml";

/// The largest file, in bytes.
pub const FILE_MAX: u64 = 256 * 1024;

/// The most lines of a file of lines.
const LINES_MAX: usize = 500;

/// The most brackets open at a time.
const DEPTH_MAX: usize = 16;

/// The contents of the files, as they are.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// [`ACTIONS`].
    pub actions: Vec<u8>,
    /// [`UPDATES`].
    pub updates: Vec<u8>,
    /// [`POSTMORTEM`].
    pub postmortem: Vec<u8>,
}

impl Files {
    /// The files in their order.
    pub fn parts(&self) -> [&[u8]; 3] {
        [&self.actions, &self.updates, &self.postmortem]
    }

    /// A hash of them.
    pub fn hash(&self) -> String {
        hash_of(&self.parts())
    }
}

/// A submission.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The actions, each with its second from hand-over, in order.
    pub actions: Vec<(u64, Action)>,
    /// The status updates, in order.
    pub updates: Vec<Update>,
    /// The post-mortem.
    pub postmortem: Postmortem,
}

impl Submission {
    /// Reads the files.
    ///
    /// # Errors
    /// When one is not what it must be.
    pub fn read(files: &Files) -> Result<Submission, Malformed> {
        let actions = lines(ACTIONS, &files.actions)?;
        let mut timed = Vec::new();
        for (line, text) in actions {
            timed.push(timed::action(line, text)?);
        }
        in_order(ACTIONS, timed.iter().map(|(line, at, _)| (*line, *at)))?;
        let mut updates = Vec::new();
        let mut places = Vec::new();
        for (line, text) in lines(UPDATES, &files.updates)? {
            let update: Update = json(UPDATES, line, text)?;
            update
                .check()
                .map_err(|(field, message)| Malformed::field(UPDATES, line, &field, message))?;
            places.push((line, update.at_s));
            updates.push(update);
        }
        in_order(UPDATES, places.into_iter())?;
        let postmortem = postmortem(&files.postmortem)?;
        let actions = timed.into_iter().map(|(_, at, action)| (at, action));
        Ok(Submission {
            actions: actions.collect(),
            updates,
            postmortem,
        })
    }
}

fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Malformed> {
    if bytes.len() as u64 > FILE_MAX {
        return Err(Malformed::file(
            file,
            format!("larger than {FILE_MAX} bytes"),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Malformed::line(file, line, "not UTF-8")
    })?;
    let mut depth = 0_usize;
    for (line, text) in (1..).zip(text.lines()) {
        for byte in text.bytes() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEPTH_MAX {
                let message = format!("more than {DEPTH_MAX} brackets are open");
                return Err(Malformed::line(file, line, message));
            }
        }
        // Lines of JSON stand for themselves, and so do the tables of TOML.
        depth = 0;
    }
    Ok(text)
}

fn lines<'a>(file: &str, bytes: &'a [u8]) -> Result<Vec<(usize, &'a str)>, Malformed> {
    let text = text(file, bytes)?;
    let lines: Vec<(usize, &str)> = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty())
        .collect();
    match lines.len() > LINES_MAX {
        true => Err(Malformed::file(
            file,
            format!("more than {LINES_MAX} lines"),
        )),
        false => Ok(lines),
    }
}

fn json<T: DeserializeOwned>(file: &str, line: usize, text: &str) -> Result<T, Malformed> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        Malformed::of_serde(file, line, &path, &error.inner().to_string())
    })?;
    let ended = reader.end();
    ended.map_err(|error| Malformed::of_serde(file, line, ".", &error.to_string()))?;
    Ok(read)
}

fn in_order(file: &str, times: impl Iterator<Item = (usize, u64)>) -> Result<(), Malformed> {
    let mut before = 0;
    for (line, at) in times {
        if at > LENGTH.as_secs() {
            let message = format!("the episode ends at {} s", LENGTH.as_secs());
            return Err(Malformed::field(file, line, "at_s", message));
        }
        if at < before {
            let message = format!("{at} s is before the line above, {before} s");
            return Err(Malformed::field(file, line, "at_s", message));
        }
        before = at;
    }
    Ok(())
}

fn postmortem(bytes: &[u8]) -> Result<Postmortem, Malformed> {
    let text = text(POSTMORTEM, bytes)?;
    let line = |span: Option<Range<usize>>| {
        let before = &text[..span.map_or(0, |span| span.start.min(text.len()))];
        1 + before.matches('\n').count()
    };
    let told = |path: &str, error: &toml::de::Error| {
        Malformed::of_serde(POSTMORTEM, line(error.span()), path, error.message())
    };
    let reader = toml::Deserializer::parse(text).map_err(|error| told(".", &error))?;
    let postmortem: Postmortem = serde_path_to_error::deserialize(reader)
        .map_err(|error| told(&error.path().to_string(), error.inner()))?;
    postmortem.check().map_err(|(field, message)| {
        Malformed::field(POSTMORTEM, line(span_of(text, &field)), &field, message)
    })?;
    Ok(postmortem)
}

/// Where a field stands, by its path, such as `measures[0].change`: where the last of it is that can be found.
fn span_of(text: &str, path: &str) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut value: Option<&DeValue<'_>> = None;
    for part in path.split(['.', '[']) {
        let found = match (value, part.trim_end_matches(']').parse::<usize>()) {
            (Some(DeValue::Array(list)), Ok(place)) => list.get(place),
            (Some(DeValue::Table(table)), Err(_)) => table.get(part),
            (None, Err(_)) => table.get_ref().get(part),
            _ => None,
        };
        let Some(found) = found else { break };
        span = Some(found.span());
        value = Some(found.get_ref());
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    const POST: &str =
        "[cause]\ncomponent = 'a'\nfault_class = 'b'\nparameter = 'c'\nfrom_s = -1\n";

    #[track_caller]
    fn check(actions: &[u8], updates: &[u8], postmortem: &[u8], expected: &str) {
        let files = Files {
            actions: actions.to_vec(),
            updates: updates.to_vec(),
            postmortem: postmortem.to_vec(),
        };
        let told = match Submission::read(&files) {
            Ok(_) => "read".to_owned(),
            Err(malformed) => malformed.to_string(),
        };
        assert!(told.starts_with(expected), "{told}\ninstead of {expected}");
    }

    #[test]
    fn mistakes_are_told_with_file_line_and_field() {
        let post = POST.as_bytes();
        check(b"", b"", post, "read");
        check(
            b"{\"at_s\":1,\"action\":\"purge_queue\"}\n",
            b"",
            post,
            "read",
        );
        check(b"\n{\"at_s\":1}", b"", post, "actions.jsonl:2: action");
        check(
            b"{\"action\":\"purge_queue\"}",
            b"",
            post,
            "actions.jsonl:1: at_s",
        );
        check(
            b"{\"at_s\":-4,\"action\":\"purge_queue\"}",
            b"",
            post,
            "actions.jsonl:1: at_s: -4 is no",
        );
        check(
            b"{\"at_s\":1,\"action\":\"scale_workers\",\"workers\":99999999}",
            b"",
            post,
            "actions.jsonl:1: action: verification.workers = 99999999 is out of bounds",
        );
        check(
            b"{\"at_s\":9,\"action\":\"purge_queue\"}\n{\"at_s\":8,\"action\":\"purge_queue\"}",
            b"",
            post,
            "actions.jsonl:2: at_s: 8 s is before",
        );
        check(b"\xff", b"", post, "actions.jsonl:1: not UTF-8");
        check(
            &[b'['; 100_000],
            b"",
            post,
            "actions.jsonl:1: more than 16 brackets",
        );
        check(
            &vec![b' '; 300_000],
            b"",
            post,
            "actions.jsonl: larger than",
        );
        check(
            b"",
            b"{\"at_s\":1,\"audience\":\"press\"}",
            post,
            "updates.jsonl:1: audience: unknown variant `press`",
        );
        check(
            b"",
            b"",
            b"[cause]\nwhy = 1",
            "postmortem.toml:2: cause.why: unknown field",
        );
        check(b"", b"", b"", "postmortem.toml:1: cause: missing field");
    }
    #[test]
    fn a_value_of_the_wrong_kind_is_told_with_its_field() {
        let post = POST.as_bytes();
        let scale = b"{\"at_s\":1,\"action\":\"scale_workers\",\"workers\":\"many\"}";
        check(
            scale,
            b"",
            post,
            "actions.jsonl:1: workers: invalid type: string \"many\"",
        );
        let retry =
            b"{\"at_s\":1,\"action\":\"set_retry_policy\",\"component\":\"x\",\"policy\":\"best\"}";
        check(
            retry,
            b"",
            post,
            "actions.jsonl:1: policy: unknown variant `best`",
        );
        for (update, expected) in [
            ("\"at_s\":\"120\"", "updates.jsonl:1: at_s: invalid type"),
            (
                "\"at_s\":1,\"audience\":\"internal\",\"status\":\"resolved\",\"severity\":5",
                "updates.jsonl:1: severity: invalid type",
            ),
            (
                "\"at_s\":1,\"audience\":\"internal\",\"status\":\"resolved\",\"severity\":\"banana\"",
                "updates.jsonl:1: severity: `banana` is none of SEV-1",
            ),
            (
                "\"at_s\":1,\"audience\":\"internal\",\"status\":\"resolved\",\"severity\":\"SEV-1\",\"scope\":[\"x\"]",
                "updates.jsonl:1: scope: `x` is none of",
            ),
        ] {
            check(b"", format!("{{{update}}}").as_bytes(), post, expected);
        }
        let measure = |change: &str| {
            let rest = "owner_role = 'a'\ndue_days = 1\ndone_when = 'b'\n";
            format!("{POST}[[measures]]\nkind = 'detect'\nchange = {change}\n{rest}").into_bytes()
        };
        for (change, expected) in [
            (
                "{ expr = 'up', for_s = -60 }",
                "postmortem.toml:8: measures[0].change.for_s: invalid value",
            ),
            (
                "{ expr = 'max_over_time(x[1m:1s])' }",
                "postmortem.toml:8: measures[0].change.expr: has a sub",
            ),
            (
                "{ expr = 'up', setting = 'x' }",
                "postmortem.toml:8: measures[0].change: give",
            ),
            (
                "{ setting = 'pool.verify', value = 4 }",
                "postmortem.toml:8: measures[0].change: pool.verify = 4 is out",
            ),
        ] {
            check(b"", b"", &measure(change), expected);
        }
        let twice = format!(
            "{POST}{}",
            "[[chain]]\nfrom='a'\nto='b'\nevidence=[]\n".repeat(21)
        );
        check(
            b"",
            b"",
            twice.as_bytes(),
            "postmortem.toml:6: chain: more than 20 entries",
        );
    }
}
