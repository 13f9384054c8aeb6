//! What source files must and must not contain.
//!
//! Each rule is a function from a file to complaints, with cases it accepts and cases it rejects.
//! Words are looked for in code only, comments set aside, by plain text: a rule that a lint or the
//! compiler can keep is not repeated here.

use super::tree::{SourceFile, files, rust_files};

/// The most lines a file may have.
const LINES_MAX: usize = 600;

/// What makes a simulated crate depend on the machine it runs on.
const MACHINE_WORDS: [&str; 8] = [
    "HashMap",
    "HashSet",
    "Instant::now",
    "SystemTime",
    "thread::",
    "std::env",
    "f32",
    "f64",
];

/// Where such a word may stand nevertheless: file, word, reason.
const MACHINE_WORDS_ALLOWED: &[(&str, &str, &str)] = &[];

/// What belongs to the system, and is no word of the world.
const BUSINESS_WORDS: [&str; 6] = ["locker", "ledger", "webhook", "asset", "saga", "core-"];

/// The code of a file: each line with its number, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default());
    (1..).zip(lines)
}

/// The code of a file before its unit tests.
fn code_without_tests(text: &str) -> impl Iterator<Item = (usize, &str)> {
    code(text).take_while(|(_, line)| line.trim() != "#[cfg(test)]")
}

/// Whether a word stands in a line, not as a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let open_end = word.ends_with(|c: char| !part_of_name(c));
        !before.is_some_and(part_of_name) && (open_end || !after.is_some_and(part_of_name))
    })
}

fn simulated(path: &str) -> bool {
    path.starts_with("sim/src/") || path.starts_with("model/src/")
}

fn no_module_doc(file: &SourceFile) -> Vec<String> {
    let in_order = file.text.starts_with("//! ");
    if in_order {
        vec![]
    } else {
        vec!["open the file with a `//!` paragraph".into()]
    }
}

fn too_long(file: &SourceFile) -> Vec<String> {
    let lines = file.text.lines().count();
    let in_order = lines <= LINES_MAX;
    if in_order {
        vec![]
    } else {
        vec![format!(
            "{lines} lines, at most {LINES_MAX}: split it by subject"
        )]
    }
}

fn ignored_tests(file: &SourceFile) -> Vec<String> {
    let mark = ["#[", "ignore"].concat();
    let marked = code(&file.text).filter(|(_, line)| line.contains(&mark));
    marked
        .map(|(at, _)| format!("line {at}: no test is ignored"))
        .collect()
}

fn machine_words(file: &SourceFile) -> Vec<String> {
    if !simulated(&file.path) {
        return vec![];
    }
    let allowed = |word: &str| {
        MACHINE_WORDS_ALLOWED
            .iter()
            .any(|(path, allowed, _)| *path == file.path && *allowed == word)
    };
    let mut found = Vec::new();
    for (at, line) in code(&file.text) {
        for word in MACHINE_WORDS
            .iter()
            .filter(|word| has_word(line, word) && !allowed(word))
        {
            found.push(format!("line {at}: `{word}` depends on the machine"));
        }
    }
    found
}

fn business_words(file: &SourceFile) -> Vec<String> {
    if !file.path.starts_with("sim/src/") {
        return vec![];
    }
    let mut found = Vec::new();
    for (at, line) in code_without_tests(&file.text) {
        let line = line.to_lowercase();
        for word in BUSINESS_WORDS.iter().filter(|word| line.contains(*word)) {
            found.push(format!(
                "line {at}: `{word}` is a word of the system, not of the world"
            ));
        }
    }
    found
}

fn machine_paths(file: &SourceFile) -> Vec<String> {
    let mut found = Vec::new();
    for (at, line) in (1..).zip(file.text.lines()) {
        for top in ["root", "home", "work"] {
            if line.contains(&format!("/{top}/")) {
                found.push(format!("line {at}: a path of one machine, below /{top}"));
            }
        }
    }
    found
}

type Rule = fn(&SourceFile) -> Vec<String>;

#[track_caller]
fn check_tree(files: &[SourceFile], rule: Rule) {
    assert!(files.len() > 20, "the walk finds files");
    let complaints: Vec<String> = files
        .iter()
        .flat_map(|file| {
            rule(file)
                .into_iter()
                .map(|complaint| format!("{}: {complaint}", file.path))
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_file_opens_with_what_it_is() {
    check_tree(&rust_files(), no_module_doc);
}

#[test]
fn no_file_is_too_long_to_read() {
    check_tree(&rust_files(), too_long);
}

#[test]
fn no_test_is_ignored() {
    check_tree(&rust_files(), ignored_tests);
}

#[test]
fn simulated_code_does_not_depend_on_the_machine() {
    check_tree(&rust_files(), machine_words);
}

#[test]
fn the_world_has_no_word_of_the_business() {
    check_tree(&rust_files(), business_words);
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    check_tree(
        &files(&["rs", "toml", "md", "yml", "yaml", "json", "sh"]),
        machine_paths,
    );
}

#[test]
fn every_exception_is_still_needed() {
    for (path, word, reason) in MACHINE_WORDS_ALLOWED {
        let files = rust_files();
        let file = files.iter().find(|file| file.path == *path);
        let needed =
            file.is_some_and(|file| code(&file.text).any(|(_, line)| has_word(line, word)));
        assert!(needed, "{path} has no `{word}` any more ({reason})");
    }
}

#[track_caller]
fn check(rule: Rule, path: &str, text: &str, expected: &[&str]) {
    let file = SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(rule(&file), expected, "{path}: {text}");
}

#[test]
fn each_rule_accepts_what_is_right_and_rejects_what_is_not() {
    check(no_module_doc, "sim/src/a.rs", "//! A thing.\n", &[]);
    check(
        no_module_doc,
        "sim/src/a.rs",
        "// A thing.\n",
        &["open the file with a `//!` paragraph"],
    );
    check(too_long, "a.rs", &"\n".repeat(600), &[]);
    check(
        too_long,
        "a.rs",
        &"\n".repeat(601),
        &["601 lines, at most 600: split it by subject"],
    );
    let marked = ["#[test]\n#[", "ignore = \"slow\"]"].concat();
    check(
        ignored_tests,
        "a.rs",
        &marked,
        &["line 2: no test is ignored"],
    );
    check(
        ignored_tests,
        "a.rs",
        "#[test]\nfn ignores_what_is_late() {}",
        &[],
    );
    let path = ["let path = \"/", "home/me/x\";"].concat();
    check(
        machine_paths,
        "a.rs",
        &path,
        &["line 1: a path of one machine, below /home"],
    );
    check(machine_paths, "a.rs", "let path = \"fixtures/x\";", &[]);
}

#[test]
fn words_are_found_in_code_and_nowhere_else() {
    let bad = "use std::collections::HashMap;\nlet x: f64 = 0.0;";
    let found = [
        "line 1: `HashMap` depends on the machine",
        "line 2: `f64` depends on the machine",
    ];
    check(machine_words, "model/src/a.rs", bad, &found);
    check(machine_words, "scenarios/src/a.rs", bad, &[]);
    check(
        machine_words,
        "model/src/a.rs",
        "// No HashMap here.\nlet x = buf64 + to_f64s;",
        &[],
    );
    let found = ["line 1: `thread::` depends on the machine"];
    check(
        machine_words,
        "sim/src/a.rs",
        "std::thread::sleep(x);",
        &found,
    );
    check(machine_words, "sim/src/a.rs", "thread_local! {}", &[]);
    let found = ["line 1: `locker` is a word of the system, not of the world"];
    check(
        business_words,
        "sim/src/a.rs",
        "struct LockerState;",
        &found,
    );
    check(business_words, "model/src/a.rs", "struct LockerState;", &[]);
    check(
        business_words,
        "sim/src/a.rs",
        "/// Such as a locker.\nstruct Node;",
        &[],
    );
    check(
        business_words,
        "sim/src/a.rs",
        "struct Node;\n#[cfg(test)]\nmod tests { /* locker */ }",
        &[],
    );
}
