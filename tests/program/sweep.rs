//! Sweeps: worker processes, one line per seed, one summary, and no seed ever lost.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::binary::{binary, proveniq, proveniq_with};

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON line"))
        .collect()
}

#[test]
fn a_sweep_prints_the_same_whatever_the_number_of_workers() {
    let sweep = |jobs| {
        proveniq(&[
            "sweep",
            "chaos-registration",
            "--seeds",
            "60",
            "--jobs",
            jobs,
            "--json",
        ])
    };
    let (one, three) = (sweep("1"), sweep("3"));
    assert_eq!(one.stdout, three.stdout);
    let lines = lines(&one.stdout);
    assert_eq!(lines.len(), 61, "a line per seed and one at the end");
    let seeds: Vec<&str> = lines[..60]
        .iter()
        .filter_map(|line| line["seed"].as_str())
        .collect();
    assert_eq!(
        seeds,
        (1..=60)
            .map(|seed| format!("{seed:#x}"))
            .collect::<Vec<_>>()
    );
    assert_eq!(lines[60]["schema"], "proveniq/sweep/v1");
    assert_eq!(
        (lines[60]["seeds"].as_u64(), lines[60]["violated"].as_u64()),
        (Some(60), Some(0))
    );
}

#[test]
fn a_sweep_stops_at_the_first_failure_and_tells_how_to_see_it() {
    let called = proveniq(&[
        "sweep",
        "chaos-registration",
        "--seeds",
        "200",
        "--until-fail",
        "--defect",
        "key_ignores_body",
    ]);
    assert_eq!(called.code, 1, "{}", called.stderr);
    let last = called.stderr.lines().last().expect("a hint");
    let command = "proveniq run chaos-registration --seed 0x1 --defect key_ignores_body";
    assert_eq!(last.trim(), command);
}

#[test]
fn a_seed_that_outlives_its_limit_is_named_and_the_sweep_goes_on() {
    let called = proveniq(&[
        "sweep",
        "happy-path",
        "--seeds",
        "3",
        "--json",
        "--seed-timeout",
        "1",
        "--set",
        "workload.operations=2000000",
        "--set",
        "workload.every_ms=1",
        "--set",
        "system.slots_per_locker=2000000",
    ]);
    let lines = lines(&called.stdout);
    assert_eq!(lines.len(), 4, "{}", called.stderr);
    assert_eq!(lines[3]["failed_to_run"], 3, "{}", called.stdout);
}

#[test]
fn a_sweep_that_never_reached_what_it_should_is_inconclusive() {
    let called = proveniq(&["sweep", "chaos-registration", "--seeds", "2"]);
    assert_eq!(called.code, 3, "{}", called.stdout);
    assert!(
        called.stdout.contains("recovery_cut_a_torn_tail"),
        "{}",
        called.stdout
    );
}

#[test]
fn junit_names_failing_seeds_and_sums_up_the_others() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("sweep.xml");
    let path = file.to_str().expect("a UTF-8 path");
    let called = proveniq(&[
        "sweep",
        "chaos-registration",
        "--seeds",
        "20",
        "--defect",
        "key_ignores_body",
        "--junit",
        path,
    ]);
    assert_eq!(called.code, 1, "{}", called.stderr);
    let xml = std::fs::read_to_string(&file).expect("the report was written");
    assert!(xml.contains("no_phantom_writes[seed=0x"), "{xml}");
    let heads = xml
        .split("<testcase")
        .skip(1)
        .filter_map(|case| case.split('>').next());
    let of_seeds = heads.filter(|head| head.contains("[seed=")).count();
    let failures = xml.matches("<failure").count();
    assert!(
        of_seeds > 0 && of_seeds <= failures,
        "no case per passing seed: {of_seeds}, {failures}"
    );
}

/// The same sweep, with a journal at this path.
fn journalled<'a>(path: &'a str, seeds: &'a str) -> Vec<&'a str> {
    let sweep = [
        "sweep",
        "chaos-registration",
        "--seeds",
        seeds,
        "--jobs",
        "2",
    ];
    [&sweep[..], &["--json", "--journal", path]].concat()
}

#[test]
fn a_sweep_killed_again_and_again_comes_to_the_same_as_one_left_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sweep.jsonl");
    let path = path.to_str().expect("a UTF-8 path");
    let arguments = journalled(path, "40");
    let entries = || std::fs::read_to_string(path).map_or(0, |text| text.lines().count());
    for wanted in [4, 11, 23] {
        let mut child = Command::new(binary())
            .args(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        // Killed in the middle, whenever that is on this machine; or it is done before.
        while entries() < wanted && child.try_wait().expect("it can be asked").is_none() {
            std::thread::yield_now();
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it can be waited for");
    }
    let resumed = proveniq(&arguments);
    let alone = proveniq(&arguments[..arguments.len() - 2]);
    assert_eq!((resumed.code, &resumed.stdout), (alone.code, &alone.stdout));
    assert_eq!(entries(), 41, "a head, and each seed once");
    assert!(
        resumed.stderr.contains("done already"),
        "{}",
        resumed.stderr
    );
}

#[test]
fn the_shares_of_a_sweep_merge_in_any_order_into_the_sweep() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |number: u32| folder.path().join(format!("{number}.jsonl"));
    let paths: Vec<String> = (1..=3).map(|it| path(it).display().to_string()).collect();
    let defect = ["--defect", "key_ignores_body"];
    for (number, path) in (1..).zip(&paths) {
        let share = format!("{number}/3");
        let share = ["--shard", share.as_str()];
        let called = proveniq(&[&journalled(path, "30")[..], &defect, &share].concat());
        assert_eq!(called.code, 1, "{}", called.stderr);
    }
    let whole = proveniq(
        &[
            &["sweep", "chaos-registration", "--seeds", "30", "--json"][..],
            &defect,
        ]
        .concat(),
    );
    let summary = whole.stdout.lines().last().map(str::to_owned);
    for order in [[0, 1, 2], [2, 0, 1]] {
        let files = order.map(|at| paths[at].as_str());
        let merged = proveniq(&[&["merge", "--json"][..], &files].concat());
        assert_eq!(merged.code, 1, "{}", merged.stderr);
        assert_eq!(Some(merged.stdout.trim_end()), summary.as_deref());
    }
    for (files, expected) in [
        (&paths[..2], "shares are missing: 3/3"),
        (
            &[paths.clone(), vec![paths[0].clone()]].concat()[..],
            "count twice",
        ),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let refused = proveniq(&[&["merge"][..], &files].concat());
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains(expected), "{}", refused.stderr);
    }
}

#[test]
fn a_share_that_is_not_finished_is_not_merged() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("sweep.jsonl");
    let path = path.to_str().expect("a UTF-8 path");
    assert!(proveniq(&journalled(path, "5")).code != 2);
    let text = std::fs::read_to_string(path).expect("the journal is there");
    let cut = text.lines().take(3).map(|line| format!("{line}\n"));
    std::fs::write(path, cut.collect::<String>()).expect("writable");
    let refused = proveniq(&["merge", path]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("3 of its seeds are not done"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_failed_before_comes_first_and_what_fails_now_is_added() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("known.seeds");
    let file = path.to_str().expect("a UTF-8 path");
    std::fs::write(&path, "0x20 # once\n").expect("writable");
    let sweep = ["sweep", "chaos-registration", "--seeds", "6", "--json"];
    let more = ["--defect", "key_ignores_body", "--regressions", file];
    let called = proveniq(&[&sweep[..], &more].concat());
    let lines = lines(&called.stdout);
    assert_eq!((lines.len(), &lines[0]["seed"]), (8, &Value::from("0x20")));
    let known = std::fs::read_to_string(&path).expect("it is there");
    assert!(known.starts_with("0x20 # once\n0x"), "{known}");
    assert!(known.contains("# no_phantom_writes on key-#"), "{known}");
}

#[test]
fn a_sweep_whose_time_is_over_is_inconclusive() {
    let called = proveniq(&[
        "sweep",
        "chaos-orchestration",
        "--seeds",
        "1000000",
        "--time-budget",
        "1",
        "--jobs",
        "1",
    ]);
    assert_eq!(called.code, 3, "{}", called.stderr);
    assert!(called.stderr.contains("stopped after"), "{}", called.stderr);
}

#[test]
fn github_is_told_in_its_own_words() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("summary.md");
    let sweep = [
        "sweep",
        "chaos-registration",
        "--seeds",
        "4",
        "--defect",
        "key_ignores_body",
    ];
    let called = proveniq_with(&sweep, |command| {
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", &path)
    });
    assert!(
        called.stderr.contains("::error title=no_phantom_writes"),
        "{}",
        called.stderr
    );
    let summary = std::fs::read_to_string(&path).expect("it was written");
    assert!(
        summary.starts_with("### ❌ chaos-registration\n"),
        "{summary}"
    );
}
