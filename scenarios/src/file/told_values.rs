//! How values that make no sense are told, in the file and in overrides; as in [`told`](super::told).

use super::told::{told, told_set};

#[test]
fn names_that_are_not_there() {
    insta::assert_snapshot!(told("what = \"crash\"", "what = \"crsh\""), @r#"
        unknown name `crsh`
           --> small.toml:24:8
           |
        24 | what = "crsh"
           |        ^^^^^^
          hint: did you mean `crash`?
        "#);
    insta::assert_snapshot!(told("where = \"core-1\"", "where = \"core-3\""), @r#"
        there is no node `core-3`
           --> small.toml:25:1
           |
        25 | where = "core-3"
           | ^^^^^^^^^^^^^^^^
          hint: did you mean `core-1`?
        "#);
    insta::assert_snapshot!(told("where = \"core-1\"", "where = \"core 1\""), @r#"
        `core 1` names no place: write nodes, `a -> b`, `a <-> b` or `a, b | c`
           --> small.toml:25:9
           |
        25 | where = "core 1"
           |         ^^^^^^^^
        "#);
    insta::assert_snapshot!(told("until_ms = 20\n\n[[", "at_point = \"core.intent.stage\"\n\n[["), @r#"
        there is no fault point `core.intent.stage`
           --> small.toml:27:1
           |
        27 | at_point = "core.intent.stage"
           | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          hint: did you mean `core.intent.staged`?
        "#);
    insta::assert_snapshot!(told("[\"link_agreement\"]", "[\"link_agrement\"]"), @r#"
        there is no check `link_agrement`
           --> small.toml:43:13
           |
        43 | expected = ["link_agrement"]
           |             ^^^^^^^^^^^^^^^
          hint: did you mean `link_agreement`?
        "#);
    insta::assert_snapshot!(told("[bounds]", "[faults.swarm]\nkinds = [\"loss\", \"cash\"]\nfaults_max = 3\nfrom_ms = 1\nuntil_ms = 9\nlasts_min_ms = 1\nlasts_max_ms = 2\n\n[bounds]"), @r#"
        there is no kind of fault `cash`
           --> small.toml:36:18
           |
        36 | kinds = ["loss", "cash"]
           |                  ^^^^^^
          hint: did you mean `crash`?
        "#);
}

#[test]
fn impossible_values() {
    insta::assert_snapshot!(told("cores = 2", "cores = 0"), @r#"
        0 is not possible here; give at least 1
          --> small.toml:6:1
          |
        6 | cores = 0
          | ^^^^^^^^^
        "#);
    insta::assert_snapshot!(told("{ min_us = 1, p50_us = 2, p90_us = 3, p99_us = 4, max_us = 5 }\n\n[disk]", "{ min_us = 1, p50_us = 9, p90_us = 9, p99_us = 4, max_us = 10 }\n\n[disk]"), @r#"
        p99 (4 µs) is below p90 (9 µs): a quantile table must ascend
           --> small.toml:17:49
           |
        17 | default = { min_us = 1, p50_us = 9, p90_us = 9, p99_us = 4, max_us = 10 }
           |                                                 ^^^^^^^^^^
          hint: give at least 9
        "#);
    insta::assert_snapshot!(told("{ min_us = 1, p50_us = 2, p90_us = 3, p99_us = 4, max_us = 5 }\n\n[disk]", "{ min_us = -1, p50_us = 9, p90_us = 9, p99_us = 4, max_us = 10 }\n\n[disk]"), @r#"
        integer `-1` is not possible here
           --> small.toml:17:22
           |
        17 | default = { min_us = -1, p50_us = 9, p90_us = 9, p99_us = 4, max_us = 10 }
           |                      ^^
          hint: write a whole number from 0 up
        "#);
    insta::assert_snapshot!(told("where = \"core-1\"\nfrom_ms = 10\nuntil_ms = 20", "where = \"core-1\"\nfrom_ms = 10\nuntil_ms = 5"), @r#"
        the fault ends (5 ms) before it begins (10 ms)
           --> small.toml:27:1
           |
        27 | until_ms = 5
           | ^^^^^^^^^^^^
          hint: until_ms must be later than from_ms
        "#);
    insta::assert_snapshot!(told("chaos_ms = 1000", "chaos_ms = 10"), @r#"
        this fault never strikes: it begins at 10 ms, all faults are healed at 10 ms
           --> small.toml:26:1
           |
        26 | from_ms = 10
           | ^^^^^^^^^^^^
          hint: let it begin before bounds.chaos_ms, or raise that

        this fault never strikes: it begins at 10 ms, all faults are healed at 10 ms
           --> small.toml:32:1
           |
        32 | from_ms = 10
           | ^^^^^^^^^^^^
          hint: let it begin before bounds.chaos_ms, or raise that
        "#);
    insta::assert_snapshot!(told("time_ms = 9000", "time_ms = 900"), @r#"
        a run may take 2100 ms (chaos_ms + settle_ms + quiet_ms), more than its bound
           --> small.toml:40:1
           |
        40 | time_ms = 900
           | ^^^^^^^^^^^^^
          hint: give at least 2100
        "#);
    insta::assert_snapshot!(told("[checks]", "[[objectives]]\nmetric = \"x\"\npercentile = 0\nbelow_ms = 5\n\n[checks]"), @r#"
        objectives are judged by the check `slo_met`, which is not expected
           --> small.toml:42:3
           |
        42 | [[objectives]]
           |   ^^^^^^^^^^
          hint: add "slo_met" to checks.expected

        there is no percentile 0
           --> small.toml:44:1
           |
        44 | percentile = 0
           | ^^^^^^^^^^^^^^
          hint: give 1 to 100
        "#);
}

#[test]
fn several_mistakes_are_told_together() {
    insta::assert_snapshot!(told("steps = 10000\ntime_ms = 9000", "steps = 0\ntime_ms = 0"), @r#"
        0 leaves no room for any run
           --> small.toml:39:1
           |
        39 | steps = 0
           | ^^^^^^^^^
          hint: give at least 1

        a run may take 2100 ms (chaos_ms + settle_ms + quiet_ms), more than its bound
           --> small.toml:40:1
           |
        40 | time_ms = 0
           | ^^^^^^^^^^^
          hint: give at least 2100
        "#);
}

#[test]
fn mistakes_in_overrides_are_told_at_the_override() {
    assert_eq!(
        told_set(&["system.cores=1", "workload.double_click=5%"]),
        "(accepted)"
    );
    assert_eq!(
        told_set(&[
            "faults.plan[0].where=core-2",
            "faults.plan[1].what={slow={factor=2}}"
        ]),
        "(accepted)"
    );
    assert_eq!(
        told_set(&["system.timing.link={min_us=1,p50_us=2,p90_us=3,p99_us=4,max_us=5}"]),
        "(accepted)"
    );
    insta::assert_snapshot!(told_set(&["system.coers=1"]), @r#"
        unknown key `coers`
          --> --set:1:1
          |
        1 | system.coers=1
          | ^^^^^^^^^^^^
          hint: did you mean `cores`?
        "#);
    insta::assert_snapshot!(told_set(&["system.cores=none"]), @r#"
        string "none" is not possible here
          --> --set:1:14
          |
        1 | system.cores=none
          |              ^^^^
          hint: write a whole number from 0 to 4294967295, without quotes
        "#);
    insta::assert_snapshot!(told_set(&["system.cores=4", "system.cores=0"]), @r#"
        0 is not possible here; give at least 1
          --> --set:1:1
          |
        1 | system.cores=0
          | ^^^^^^^^^^^^^^
        "#);
    insta::assert_snapshot!(told_set(&["faults.plan[7].nth=1"]), @r#"
        there is no element 7: the array has 2
          --> --set:1:1
          |
        1 | faults.plan[7].nth=1
          | ^^^^^^^^^^^^^^^^^^
        "#);
    insta::assert_snapshot!(told_set(&["name.first=1"]), @r#"
        `first` leads into a string, which has no keys
          --> --set:1:1
          |
        1 | name.first=1
          | ^^^^^^^^^^
        "#);
    insta::assert_snapshot!(told_set(&["system.cores[0]=1"]), @r#"
        `[0]` asks for an element, but there is no array
          --> --set:1:1
          |
        1 | system.cores[0]=1
          | ^^^^^^^^^^^^^^^
        "#);
    insta::assert_snapshot!(told_set(&["network.default.p99_us=0"]), @r#"
        p99 (0 µs) is below p90 (3 µs): a quantile table must ascend
          --> --set:1:1
          |
        1 | network.default.p99_us=0
          | ^^^^^^^^^^^^^^^^^^^^^^^^
          hint: give at least 3
        "#);
    insta::assert_snapshot!(told_set(&["system.timing.link={min_us=9,p50_us=2,p90_us=3,p99_us=4,max_us=5}"]), @r#"
        p50 (2 µs) is below min (9 µs): a quantile table must ascend
          --> --set:1:30
          |
        1 | system.timing.link={min_us=9,p50_us=2,p90_us=3,p99_us=4,max_us=5}
          |                              ^^^^^^^^
          hint: give at least 9
        "#);
    // A value that makes another one wrong is told where the other stands.
    insta::assert_snapshot!(told_set(&["faults.plan[0].where=core-2", "system.cores=1"]), @r#"
        there is no node `core-2`
          --> --set:1:1
          |
        1 | faults.plan[0].where=core-2
          | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
          hint: did you mean `core-1`?
        "#);
}
