//! How mistakes are told, case by case: what is wrong in the file, and the whole message.
//!
//! Each case takes a built-in scenario that reads well and makes one mistake in it.

use super::read;
use super::source::Override;

const GOOD: &str = r#"name = "small"
summary = "A small one."
teaches = "Nothing."

[system]
cores = 2
lockers = 2
slots_per_locker = 4

[workload]
clients = 1
operations = 5
every_ms = 1000
double_click = "10%"

[network]
default = { min_us = 1, p50_us = 2, p90_us = 3, p99_us = 4, max_us = 5 }

[disk]
access = { min_us = 1, p50_us = 2, p90_us = 3, p99_us = 4, max_us = 5 }
sync = { min_us = 1, p50_us = 2, p90_us = 3, p99_us = 4, max_us = 5 }

[[faults.plan]]
what = "crash"
where = "core-1"
from_ms = 10
until_ms = 20

[[faults.plan]]
what = { slow = { factor = 3 } }
where = "core-*"
from_ms = 10
until_ms = 20

[bounds]
chaos_ms = 1000
settle_ms = 1000
quiet_ms = 100
steps = 10000
time_ms = 9000

[checks]
expected = ["link_agreement"]
"#;

/// What is told when `from` is replaced by `to`.
pub(super) fn told(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "`{from}` stands there once");
    let text = GOOD.replace(from, to);
    match read("small.toml", &text, &[]) {
        Ok(_) => "(accepted)".to_owned(),
        Err(mistakes) => mistakes.to_string(),
    }
}

/// What is told when these overrides are set.
pub(super) fn told_set(sets: &[&str]) -> String {
    let sets: Vec<Override> = sets.iter().map(|set| set.parse().unwrap()).collect();
    match read("small.toml", GOOD, &sets) {
        Ok(_) => "(accepted)".to_owned(),
        Err(mistakes) => mistakes.to_string(),
    }
}

#[test]
fn a_good_file_is_accepted() {
    assert_eq!(told("cores = 2", "cores = 3"), "(accepted)");
}

#[test]
fn syntax() {
    insta::assert_snapshot!(told("cores = 2", "cores = = 2"), @r#"
        extra `=`, expected nothing
          --> small.toml:6:9
          |
        6 | cores = = 2
          |         ^
        "#);
    insta::assert_snapshot!(told("[system]", "[system"), @r#"
        unclosed table, expected `]`
          --> small.toml:5:8
          |
        5 | [system
          |        ^
        "#);
    insta::assert_snapshot!(told("cores = 2", "cores = 2\ncores = 3"), @r#"
        duplicate key
          --> small.toml:7:1
          |
        7 | cores = 3
          | ^^^^^
        "#);
}

#[test]
fn unknown_and_missing_keys() {
    insta::assert_snapshot!(told("cores = 2", "coers = 2"), @r#"
        unknown key `coers`
          --> small.toml:6:1
          |
        6 | coers = 2
          | ^^^^^
          hint: did you mean `cores`?
        "#);
    insta::assert_snapshot!(told("[bounds]", "[bonds]"), @r#"
        unknown key `bonds`
           --> small.toml:35:2
           |
        35 | [bonds]
           |  ^^^^^
          hint: did you mean `bounds`?
        "#);
    insta::assert_snapshot!(told("operations = 5\n", ""), @r#"
        the key `operations` is missing
           --> small.toml:10:1
           |
        10 | [workload]
           | ^^^^^^^^^^
          hint: add `operations = …` here; `proveniq list --schema` tells what it takes
        "#);
    insta::assert_snapshot!(told("{ slow = { factor = 3 } }", "{ slow = { fctor = 3 } }"), @r#"
        unknown key `fctor`
           --> small.toml:30:19
           |
        30 | what = { slow = { fctor = 3 } }
           |                   ^^^^^
          hint: did you mean `factor`?
        "#);
    insta::assert_snapshot!(told("name = \"small\"\n", ""), @r#"
        the key `name` is missing
          --> small.toml:1:1
          |
        1 | summary = "A small one."
          | ^
          hint: add `name = …` here; `proveniq list --schema` tells what it takes
        "#);
}

#[test]
fn wrong_types() {
    insta::assert_snapshot!(told("cores = 2", "cores = \"2\""), @r#"
        string "2" is not possible here
          --> small.toml:6:9
          |
        6 | cores = "2"
          |         ^^^
          hint: write a whole number from 0 to 4294967295, without quotes
        "#);
    insta::assert_snapshot!(told("cores = 2", "cores = 2.5"), @r#"
        floating point `2.5` is not possible here
          --> small.toml:6:9
          |
        6 | cores = 2.5
          |         ^^^
          hint: write a whole number from 0 to 4294967295
        "#);
    insta::assert_snapshot!(told("expected = [\"link_agreement\"]", "expected = \"link_agreement\""), @r#"
        string "link_agreement" is not possible here
           --> small.toml:43:12
           |
        43 | expected = "link_agreement"
           |            ^^^^^^^^^^^^^^^^
          hint: write a list: items between `[` and `]`
        "#);
    insta::assert_snapshot!(told("clients = 1", "clients = -1"), @r#"
        integer `-1` is not possible here
           --> small.toml:11:11
           |
        11 | clients = -1
           |           ^^
          hint: write a whole number from 0 to 4294967295
        "#);
    insta::assert_snapshot!(told("double_click = \"10%\"", "double_click = \"3/2\""), @r#"
        `3/2` is not between 0 and 1: write it as `1/20` or `5%`
           --> small.toml:14:16
           |
        14 | double_click = "3/2"
           |                ^^^^^
        "#);
    insta::assert_snapshot!(told("double_click = \"10%\"", "double_click = 0.1"), @r#"
        floating point `0.1` is not possible here
           --> small.toml:14:16
           |
        14 | double_click = 0.1
           |                ^^^
          hint: write text between quotes
        "#);
}
