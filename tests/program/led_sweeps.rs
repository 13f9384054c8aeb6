//! Sweeps by coverage: the same runs with any number of workers and after any stop, each failure with a file that has
//! it again, and no claim about a rate.

use std::fs;

use serde_json::Value;

use super::binary::{Called, proveniq};

/// Three generations of runs, the last one cut short.
const SEEDS: &str = "70";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a temporary folder"))
    }

    fn named(&self, name: &str) -> String {
        let path = self.0.path().join(name);
        path.to_str().expect("a UTF-8 path").to_owned()
    }
}

fn led_sweep(more: &[&str]) -> Called {
    let sweep = [
        "sweep",
        "chaos-registration",
        "--strategy=coverage",
        "--defect=key_ignores_body",
        "--json",
        "--seeds",
        SEEDS,
    ];
    proveniq(&[&sweep[..], more].concat())
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

#[test]
fn runs_do_not_depend_on_how_many_workers_there_are_nor_on_a_stop() {
    let place = Place::new();
    let (found, journal) = (place.named("found"), place.named("sweep.jsonl"));
    let alone = led_sweep(&["--save", &found, "--jobs", "1"]);
    assert_eq!(alone.code, 1, "{}", alone.stderr);
    let kept = ["--save", &found, "--jobs", "3", "--journal", &journal];
    assert_eq!(led_sweep(&kept).stdout, alone.stdout);
    let text = fs::read_to_string(&journal).expect("the journal");
    for lines_left in [1, 20, 50] {
        let left: Vec<&str> = text.lines().take(lines_left).collect();
        fs::write(&journal, left.join("\n") + "\n").expect("writable");
        let resumed = led_sweep(&kept);
        assert_eq!(resumed.stdout, alone.stdout, "{lines_left} lines left");
    }
}

#[test]
fn a_failure_that_no_seed_tells_is_a_file_that_has_it_again() {
    let place = Place::new();
    let found = place.named("made/by the sweep");
    let swept = led_sweep(&["--save", &found]);
    let lines = lines(&swept.stdout);
    let (summary, runs) = lines.split_last().expect("a summary");
    let led: Vec<&Value> = runs.iter().filter(|run| run["led"] == true).collect();
    assert!(led.len() >= 10, "{} runs are led", led.len());
    let statement = summary["confidence"]["statement"].as_str().expect("a text");
    assert!(
        statement.contains(&format!("{} led by what others showed", led.len())),
        "{statement}"
    );
    for run in &led {
        let command = run["reproduce"].as_str().expect("a text");
        match run["verdict"] == "held" {
            true => assert_eq!(command, "", "nothing of it is saved"),
            false => assert!(command.starts_with("proveniq replay '"), "{command}"),
        }
    }
    let failed = led.iter().find(|run| run["verdict"] == "violated");
    let failed = failed.expect("the defect shows in most runs");
    let command = failed["reproduce"].as_str().expect("a text");
    let file = command
        .trim_start_matches("proveniq replay ")
        .trim_matches('\'');
    let replayed = proveniq(&["replay", file]);
    assert_eq!(replayed.code, 1, "{}", replayed.stderr);
    assert!(
        replayed.stderr.contains("the same run, event for event"),
        "{}",
        replayed.stderr
    );
    let drawn = runs.iter().find(|run| run.get("led").is_none());
    let command = drawn.expect("half of them are drawn")["reproduce"].clone();
    let command = command.as_str().expect("a text");
    assert!(command.starts_with("proveniq run chaos-registration --seed"));
    assert!(
        !command.contains("--strategy"),
        "its seed tells it: {command}"
    );
}

#[test]
fn shares_are_led_apart_and_merging_them_says_so() {
    let place = Place::new();
    let found = place.named("found");
    let journals = ["1/2", "2/2"].map(|share| {
        let journal = place.named(&format!("{}.jsonl", &share[..1]));
        let swept = led_sweep(&["--save", &found, "--shard", share, "--journal", &journal]);
        assert_eq!(swept.code, 1, "{}", swept.stderr);
        journal
    });
    let merged = proveniq(&["merge", &journals[0], &journals[1], "--json"]);
    assert_eq!(merged.code, 1, "{}", merged.stderr);
    assert_eq!(lines(&merged.stdout)[0]["seeds"], 70);
    let said = "each share was led by its own runs alone";
    assert!(merged.stderr.contains(said), "{}", merged.stderr);
}

#[test]
fn what_does_not_go_with_coverage_is_refused_before_any_run() {
    let place = Place::new();
    let (found, known) = (place.named("found"), place.named("known.seeds"));
    for (more, hint) in [
        (&[][..], "give --save DIR"),
        (
            &["--save", &found, "--regressions", &known][..],
            "leave --regressions out",
        ),
        (
            &["--save", &found, "--strategy=uniform"][..],
            "leave --save out",
        ),
    ] {
        let sweep = ["sweep", "happy-path", "--seeds=1"];
        let mut words = [&sweep[..], more].concat();
        if !more.contains(&"--strategy=uniform") {
            words.push("--strategy=coverage");
        }
        let refused = proveniq(&words);
        assert_eq!(refused.code, 2, "{}", refused.stderr);
        assert!(refused.stderr.contains(hint), "{}", refused.stderr);
        assert!(!std::path::Path::new(&found).exists());
    }
}
