//! The tree as the tests see it: crates, manifests, source files.
//!
//! Crates that are named in the architecture but do not exist (yet) are simply not there; a crate
//! that exists and is not named is found by [`super::arrows`].

use std::fs;
use std::path::{Path, PathBuf};

/// A text file of the repository.
pub struct SourceFile {
    /// Its path from the root, with `/` between the parts.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// A crate's manifest.
pub struct Manifest {
    /// The crate's folder.
    pub folder: String,
    /// The content of its `Cargo.toml`.
    pub table: toml::Table,
}

impl Manifest {
    /// Reads a manifest from its text.
    pub fn read(folder: &str, text: &str) -> Manifest {
        let table = text.parse();
        Manifest {
            folder: folder.to_owned(),
            table: table.unwrap_or_else(|error| panic!("{folder}/Cargo.toml: {error}")),
        }
    }

    /// The package's name.
    pub fn name(&self) -> &str {
        let package = self.table.get("package");
        let name = package.and_then(|package| package.get("name"));
        name.and_then(toml::Value::as_str).unwrap_or_default()
    }

    /// Everything it depends on, in any way, by the name of the package.
    pub fn dependencies(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = self.table.get(kind).and_then(toml::Value::as_table);
            for (name, value) in table.into_iter().flatten() {
                let renamed = value.get("package").and_then(toml::Value::as_str);
                found.push(renamed.unwrap_or(name));
            }
        }
        found
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = own.canonicalize().expect("this crate's folder exists");
    own.parent().expect("it stands in the workspace").to_owned()
}

/// The manifest of the workspace.
pub fn workspace() -> Manifest {
    let path = root().join("Cargo.toml");
    Manifest::read(
        "",
        &fs::read_to_string(path).expect("the workspace has a manifest"),
    )
}

/// The manifests of all crates, by folder.
pub fn manifests() -> Vec<Manifest> {
    let files = files(&["toml"]).into_iter();
    let manifests = files.filter_map(|file| {
        let folder = file.path.strip_suffix("/Cargo.toml")?;
        Some(Manifest::read(folder, &file.text))
    });
    manifests.collect()
}

/// All Rust files of the repository.
pub fn rust_files() -> Vec<SourceFile> {
    files(&["rs"])
}

/// All text files with one of these endings, ordered by path.
pub fn files(endings: &[&str]) -> Vec<SourceFile> {
    let root = root();
    let mut found = Vec::new();
    walk(&root, &mut |path| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| endings.contains(&ending)) {
            let below = path
                .strip_prefix(&root)
                .expect("it was found below the root");
            let text = fs::read_to_string(path);
            found.push(SourceFile {
                path: below.to_string_lossy().replace('\\', "/"),
                text: text.unwrap_or_else(|error| panic!("{}: {error}", below.display())),
            });
        }
    });
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Visits every file except what tools put there: hidden folders and build results.
fn walk(folder: &Path, visit: &mut impl FnMut(&Path)) {
    let entries = fs::read_dir(folder).expect("a folder of the repository can be read");
    for entry in entries {
        let path = entry
            .expect("a folder of the repository can be read")
            .path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if path.is_file() {
            visit(&path);
        } else if !name.starts_with('.') && name != "target" {
            walk(&path, visit);
        }
    }
}
