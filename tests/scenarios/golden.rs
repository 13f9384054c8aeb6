//! Golden fingerprints: every built-in scenario runs the same on every machine and in every profile.
//!
//! A change of behaviour changes them; the test then prints the file as it would be now. Look at why
//! before you accept it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use scenarios::file::builtin;

use super::run_once::run_once;

const SEEDS: [u64; 3] = [1, 2, 3];

type Goldens = BTreeMap<String, BTreeMap<String, String>>;

#[test]
fn golden_fingerprints_hold_in_this_profile() {
    let now: Goldens = builtin::names()
        .map(|name| {
            let of = |seed: u64| {
                (
                    seed.to_string(),
                    run_once(name, seed).record.fingerprint.to_string(),
                )
            };
            (name.to_owned(), SEEDS.map(of).into())
        })
        .collect();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/fingerprints.json");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| "{}".to_owned());
    let golden: Goldens = serde_json::from_str(&text).expect("the goldens are JSON");
    let shown = serde_json::to_string_pretty(&now).expect("strings serialise");
    assert_eq!(
        golden, now,
        "fixtures/fingerprints.json would now be:\n{shown}\n"
    );
}
