//! Which crate may depend on which.
//!
//! The arrows point one way, so that a reader can take the crates one by one. They are written in the
//! manifests; here is what may stand there. It does not judge arrows between modules of one crate.

use super::tree::{Manifest, manifests, rust_files, workspace};

/// Each crate with the crates of the workspace it may depend on.
const ARROWS: [(&str, &[&str]); 6] = [
    ("sim", &[]),
    ("model", &["sim"]),
    ("reports", &["sim"]),
    ("grading", &["sim", "model"]),
    ("scenarios", &["sim", "model", "reports", "grading"]),
    (
        "tests",
        &["sim", "model", "reports", "scenarios", "grading"],
    ),
];

/// The task runtime, which only the world knows.
const RUNTIME: &str = "madsim";

fn complaints(manifest: &Manifest) -> Vec<String> {
    let folder = &manifest.folder;
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| name == folder) else {
        return vec![format!(
            "`{folder}` is no crate of the architecture: add it to the arrows, or take it out"
        )];
    };
    let mut found = Vec::new();
    if manifest.name() != folder {
        found.push(format!(
            "the package in `{folder}` is called `{}`",
            manifest.name()
        ));
    }
    for dependency in manifest.dependencies() {
        let ours = ARROWS.iter().any(|(name, _)| *name == dependency);
        if ours && !allowed.contains(&dependency) {
            found.push(format!("`{folder}` must not depend on `{dependency}`"));
        }
        if dependency.starts_with(RUNTIME) && folder != "sim" {
            found.push(format!(
                "only `sim` may depend on {dependency}, `{folder}` does"
            ));
        }
    }
    found
}

#[test]
fn crates_depend_along_the_arrows_only() {
    let found: Vec<String> = manifests().iter().flat_map(complaints).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(
        manifests().iter().any(|manifest| manifest.name() == "sim"),
        "the walk finds crates"
    );
}

#[test]
fn members_are_crates_of_the_architecture_and_exist() {
    let workspace = workspace();
    let members = workspace.table["workspace"]["members"]
        .as_array()
        .expect("members are listed");
    let folders: Vec<String> = manifests()
        .into_iter()
        .map(|manifest| manifest.folder)
        .collect();
    for member in members {
        let member = member.as_str().expect("a member is a path");
        assert!(
            ARROWS.iter().any(|(name, _)| *name == member),
            "`{member}` is no crate of the architecture"
        );
        assert!(
            folders.iter().any(|folder| folder == member),
            "the member `{member}` has no manifest"
        );
    }
}

#[test]
fn only_one_file_names_the_runtime() {
    let path = format!("{RUNTIME}::");
    let naming = rust_files()
        .into_iter()
        .filter(|file| file.text.contains(&path));
    let named: Vec<String> = naming
        .map(|file| file.path)
        .filter(|path| !path.starts_with("sim/benches/"))
        .collect();
    assert_eq!(named, ["sim/src/runtime.rs"]);
}

#[track_caller]
fn check(folder: &str, text: &str, expected: &[&str]) {
    assert_eq!(complaints(&Manifest::read(folder, text)), expected);
}

#[test]
fn an_arrow_the_other_way_is_refused() {
    check(
        "model",
        "package.name = 'model'\n[dependencies]\nsim.workspace = true\nserde = '1'",
        &[],
    );
    check(
        "sim",
        "package.name = 'sim'\n[dependencies]\nmadsim = '0.2'",
        &[],
    );
    check(
        "sim",
        "package.name = 'sim'\n[dev-dependencies]\nmodel.workspace = true",
        &["`sim` must not depend on `model`"],
    );
    check(
        "reports",
        "package.name = 'reports'\n[dependencies]\nother = { package = 'model', path = '../model' }",
        &["`reports` must not depend on `model`"],
    );
    check(
        "model",
        "package.name = 'model'\n[dependencies]\nmadsim-tokio = '0.2'",
        &["only `sim` may depend on madsim-tokio, `model` does"],
    );
    check(
        "model",
        "package.name = 'locker'",
        &["the package in `model` is called `locker`"],
    );
    check(
        "common",
        "package.name = 'common'",
        &["`common` is no crate of the architecture: add it to the arrows, or take it out"],
    );
}
