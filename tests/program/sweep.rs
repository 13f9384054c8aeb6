//! Sweeps: worker processes, one line per seed, one summary, and no seed ever lost.

use serde_json::Value;

use super::binary::proveniq;

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
