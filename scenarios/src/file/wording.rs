//! What a deserializer says, in words for the person who wrote the file.
//!
//! Deserializers speak of fields, variants and Rust types. The names they expected stand in their
//! messages between backticks; the nearest of them to what was written is the hint.

use sim::nearest::nearest;

/// A deserializer's message as message and hint.
pub fn reword(message: &str) -> (String, Option<String>) {
    // TOML's own messages go over two lines: what, and what was expected.
    let message = message.trim_end().replace('\n', "; ");
    unknown_name(&message)
        .or_else(|| unexpected_key(&message))
        .or_else(|| missing(&message))
        .or_else(|| wrong_type(&message))
        .unwrap_or((message, None))
}

/// The hint for a mistyped name: the nearest known one, or all of them.
pub fn did_you_mean<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
    what: &str,
) -> String {
    match nearest(typed, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = known.into_iter().collect();
            format!("{what}: {}", known.join(", "))
        }
    }
}

fn unknown_name(message: &str) -> Option<(String, Option<String>)> {
    let key = message.strip_prefix("unknown field ");
    let rest = key.or_else(|| message.strip_prefix("unknown variant "))?;
    let (typed, expected) = rest.strip_prefix('`')?.split_once('`')?;
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let (told, listed) = match key {
        Some(_) => (format!("unknown key `{typed}`"), "the keys here are"),
        None => (format!("unknown name `{typed}`"), "the names here are"),
    };
    Some((told, Some(did_you_mean(typed, known, listed))))
}

/// What TOML itself says of a key within an enum's table.
fn unexpected_key(message: &str) -> Option<(String, Option<String>)> {
    let rest = message.strip_prefix("unexpected keys in table: ")?;
    let (typed, known) = rest.split_once(", available keys: ")?;
    let known: Vec<&str> = known.split(", ").collect();
    let first = typed.split(", ").next().unwrap_or(typed);
    Some((
        format!("unknown key `{typed}`"),
        Some(did_you_mean(first, known, "the keys here are")),
    ))
}

fn missing(message: &str) -> Option<(String, Option<String>)> {
    let key = message.strip_prefix("missing field `")?.split('`').next()?;
    Some((
        format!("the key `{key}` is missing"),
        Some(format!(
            "add `{key} = …` here; `proveniq list --schema` tells what it takes"
        )),
    ))
}

fn wrong_type(message: &str) -> Option<(String, Option<String>)> {
    let rest = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.split_once(", expected ")?;
    let hint = expectation(expected, found.starts_with("string"));
    Some((format!("{found} is not possible here"), Some(hint)))
}

fn expectation(expected: &str, quoted: bool) -> String {
    let without_quotes = if quoted { ", without quotes" } else { "" };
    match expected.split(' ').next().unwrap_or_default() {
        "u8" => format!("write a whole number from 0 to 255{without_quotes}"),
        "u32" => format!("write a whole number from 0 to 4294967295{without_quotes}"),
        "u64" | "usize" => format!("write a whole number from 0 up{without_quotes}"),
        "i64" => format!("write a whole number{without_quotes}"),
        "struct" => "write a table, such as `{ key = value }`".to_owned(),
        "a" if expected.starts_with("a string") => "write text between quotes".to_owned(),
        "a" if expected.starts_with("a sequence") => {
            "write a list: items between `[` and `]`".to_owned()
        }
        "a" if expected.starts_with("a map") => {
            "write a table, such as `{ key = value }`".to_owned()
        }
        "a" if expected.starts_with("a boolean") => "write true or false".to_owned(),
        _ => format!("expected {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, message: &str, hint: Option<&str>) {
        assert_eq!(reword(said), (message.to_owned(), hint.map(str::to_owned)));
    }

    #[test]
    fn names_are_told_with_the_nearest_or_with_all() {
        check(
            "unknown field `coers`, expected one of `cores`, `lockers`",
            "unknown key `coers`",
            Some("did you mean `cores`?"),
        );
        check(
            "unknown field `zzzzzz`, expected `plan` or `swarm`",
            "unknown key `zzzzzz`",
            Some("the keys here are: plan, swarm"),
        );
        check(
            "unknown variant `crsh`, expected one of `crash`, `pause`",
            "unknown name `crsh`",
            Some("did you mean `crash`?"),
        );
    }

    #[test]
    fn types_are_told_in_plain_words() {
        check(
            "invalid type: string \"3\", expected u32",
            "string \"3\" is not possible here",
            Some("write a whole number from 0 to 4294967295, without quotes"),
        );
        check(
            "invalid value: integer `-5`, expected u64",
            "integer `-5` is not possible here",
            Some("write a whole number from 0 up"),
        );
    }

    #[test]
    fn what_is_not_known_is_passed_on() {
        check("`3` is not a chance", "`3` is not a chance", None);
    }
}
