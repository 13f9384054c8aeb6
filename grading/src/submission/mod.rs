//! What a learner hands in: three files, read within bounds.
//!
//! A file that is too large, is not UTF-8, nests too deeply, or has a field that is unknown, missing or of the wrong kind makes
//! the submission *not graded*, with file, line and field; it is never scored zero. Start at [`Submission::read`].

pub mod postmortem;
pub mod update;

use model::incident::action::Action;
use model::incident::episode::LENGTH;
use serde::de::DeserializeOwned;

use self::postmortem::Postmortem;
use self::update::Update;

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

/// Why a submission is not graded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{file}{}{}: {message}", .line.map(|line| format!(":{line}")).unwrap_or_default(), .field.as_ref().map(|field| format!(": {field}")).unwrap_or_default())]
pub struct Malformed {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: Option<usize>,
    /// The field.
    pub field: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Malformed {
    /// A mistake of a whole file.
    pub fn file(file: &str, message: impl Into<String>) -> Malformed {
        Malformed {
            file: file.to_owned(),
            line: None,
            field: None,
            message: message.into(),
        }
    }

    fn line(file: &str, line: usize, message: String) -> Malformed {
        // Serde names the field in backquotes; it is the first it names.
        let field = message.split('`').nth(1).map(str::to_owned);
        Malformed {
            file: file.to_owned(),
            line: Some(line),
            field,
            message,
        }
    }

    fn field(file: &str, line: usize, field: &str, message: String) -> Malformed {
        Malformed {
            field: Some(field.to_owned()),
            ..Malformed::line(file, line, message)
        }
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
            timed.push(action(line, text)?);
        }
        in_order(ACTIONS, timed.iter().map(|(line, at, _)| (*line, *at)))?;
        let mut updates = Vec::new();
        let mut places = Vec::new();
        for (line, text) in lines(UPDATES, &files.updates)? {
            let update: Update = json(UPDATES, line, text)?;
            update
                .check()
                .map_err(|(field, message)| Malformed::field(UPDATES, line, field, message))?;
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
        Malformed::line(file, line, "not UTF-8".to_owned())
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
    serde_json::from_str(text).map_err(|error| Malformed::line(file, line, error.to_string()))
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

fn action(line: usize, text: &str) -> Result<(usize, u64, Action), Malformed> {
    let mut object: serde_json::Map<String, serde_json::Value> = json(ACTIONS, line, text)?;
    let at = object.remove("at_s").ok_or_else(|| {
        Malformed::field(ACTIONS, line, "at_s", "missing field `at_s`".to_owned())
    })?;
    let at = at.as_u64().ok_or_else(|| {
        let message = format!("{at} is no whole number of seconds from hand-over");
        Malformed::field(ACTIONS, line, "at_s", message)
    })?;
    let action: Action = serde_json::from_value(object.into())
        .map_err(|error| Malformed::line(ACTIONS, line, error.to_string()))?;
    action
        .setting()
        .map_err(|error| Malformed::field(ACTIONS, line, "action", error.to_string()))?;
    Ok((line, at, action))
}

fn postmortem(bytes: &[u8]) -> Result<Postmortem, Malformed> {
    let text = text(POSTMORTEM, bytes)?;
    let place = |at: usize| 1 + text[..at].matches('\n').count();
    let postmortem: Postmortem = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| place(span.start));
        Malformed::line(POSTMORTEM, line, error.message().to_owned())
    })?;
    postmortem.check().map_err(|(field, message)| Malformed {
        file: POSTMORTEM.to_owned(),
        line: None,
        field: Some(field),
        message,
    })?;
    Ok(postmortem)
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
            "updates.jsonl:1: press",
        );
        check(b"", b"", b"[cause]\nwhy = 1", "postmortem.toml:2: why");
        check(b"", b"", b"", "postmortem.toml:1: cause");
    }
}
