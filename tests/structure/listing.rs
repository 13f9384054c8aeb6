//! Every test file is listed by its parent.
//!
//! A file that nobody lists is not compiled, so its tests would pass by not being there. Each listing
//! has a comment that says what belongs into the file.

use super::tree::{SourceFile, rust_files};

/// The one file that lists the folders.
const ROOT: &str = "tests/promises.rs";

/// The file that must list this one, and under which name.
fn parent(path: &str) -> Option<(String, &str)> {
    let (folder, file) = path.rsplit_once('/')?;
    let name = file.strip_suffix(".rs")?;
    if name != "mod" {
        let parent = match folder {
            "tests" => ROOT.to_owned(),
            folder => format!("{folder}/mod.rs"),
        };
        return Some((parent, name));
    }
    let (above, name) = folder.rsplit_once('/')?;
    let parent = match above {
        "tests" => ROOT.to_owned(),
        above => format!("{above}/mod.rs"),
    };
    Some((parent, name))
}

fn complaint(file: &SourceFile, all: &[SourceFile]) -> Option<String> {
    let path = &file.path;
    if path == ROOT {
        return None;
    }
    let Some((parent, name)) = parent(path) else {
        return Some(format!("{path} stands nowhere"));
    };
    let Some(parent) = all.iter().find(|file| file.path == parent) else {
        return Some(format!("{path} needs {parent} to list it"));
    };
    let lists = |line: &str| {
        let line = line.trim().trim_start_matches("pub ");
        line == format!("mod {name};")
    };
    let lines: Vec<&str> = parent.text.lines().collect();
    let Some(at) = lines.iter().position(|line| lists(line)) else {
        return Some(format!("{path} is not listed in {}", parent.path));
    };
    let described = at > 0 && lines[at - 1].trim().starts_with("///");
    (!described).then(|| format!("{} does not say what belongs into {path}", parent.path))
}

#[test]
fn every_test_file_is_listed_and_described() {
    let all: Vec<SourceFile> = rust_files()
        .into_iter()
        .filter(|file| file.path.starts_with("tests/"))
        .collect();
    let complaints: Vec<String> = all
        .iter()
        .filter_map(|file| complaint(file, &all))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    assert!(all.len() > 10, "the walk finds the test files");
}

#[test]
fn a_file_nobody_lists_is_found() {
    let file = |path: &str, text: &str| SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let all = [
        file(ROOT, "/// A.\nmod a;\nmod b;\n"),
        file("tests/a/mod.rs", "//! A.\n\n/// C.\npub mod c;\n"),
        file("tests/a/c.rs", ""),
        file("tests/a/d.rs", ""),
        file("tests/b.rs", ""),
        file("tests/e/f.rs", ""),
    ];
    let complaints: Vec<String> = all
        .iter()
        .filter_map(|file| complaint(file, &all))
        .collect();
    assert_eq!(
        complaints,
        [
            "tests/a/d.rs is not listed in tests/a/mod.rs",
            "tests/promises.rs does not say what belongs into tests/b.rs",
            "tests/e/f.rs needs tests/e/mod.rs to list it",
        ]
    );
}
