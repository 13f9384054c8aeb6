//! JUnit: its exact form, that it is well formed, and that it keeps its promises about cases.

use std::collections::BTreeSet;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCaseStatus};

use super::sweep_folds::{folded, line, mixed, unknown, violated};
use crate::junit::{JunitDetails, render};
use crate::verdict::RunVerdict;

fn read_back(xml: &str) -> Report {
    Report::deserialize_from_str(xml).expect("the XML is well formed JUnit")
}

fn names(report: &Report) -> Vec<String> {
    let cases = report
        .test_suites
        .iter()
        .flat_map(|suite| &suite.test_cases);
    cases.map(|case| case.name.to_string()).collect()
}

#[test]
fn a_sweep_is_a_suite_with_a_case_per_check_and_one_per_failing_seed() {
    let details = JunitDetails {
        wall: Some(Duration::from_millis(1_500)),
        properties: vec![("commit".to_owned(), "d7763a5".to_owned())],
    };
    insta::assert_snapshot!(render(&[&mixed()], &details), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="proveniq" tests="11" skipped="0" failures="4" errors="2" time="1.500">
        <testsuite name="lab" tests="11" skipped="0" errors="2" failures="4" time="1.500">
            <properties>
                <property name="seeds" value="1007"/>
                <property name="verdict" value="violated"/>
                <property name="confidence" value="4 of 1,007 seeds failed (0.39 %); the failure rate is below 0.0091 at 95 % confidence; 2 undecided and not counted. 3 behaviours were seen, 1 only once: the next seed shows a new one with a chance of about 0.099 %."/>
                <property name="commit" value="d7763a5"/>
            </properties>
            <testcase name="runs" classname="lab">
                <system-out>1,006 seeds ran to a verdict</system-out>
            </testcase>
            <testcase name="runs[seed=0x77]" classname="lab">
                <error message="seed 0x77 failed to run" type="failed to run: no answer within # s, last seen at step #">seed 0x77 failed to run
    run it again: proveniq run lab --seed 0x77

    no answer within 60 s, last seen at step 119
    </error>
            </testcase>
            <testcase name="link_agreement" classname="lab">
                <system-out>held in 1,003 of 1,006 seeds</system-out>
            </testcase>
            <testcase name="link_agreement[seed=0x1f]" classname="lab">
                <failure message="link_agreement (eventually) is violated by seed 0x1f" type="link_agreement on asset-#: it is wrong">link_agreement (eventually) is violated by seed 0x1f
    run it again: proveniq run lab --seed 0x1f

    asset-17: the Ledger says linked, the device does not (at 12.300s)
    … and 4 more pieces
    </failure>
            </testcase>
            <testcase name="link_agreement[seed=0x2a]" classname="lab">
                <failure message="link_agreement (eventually) is violated by seed 0x2a" type="link_agreement on asset-#: it is wrong">link_agreement (eventually) is violated by seed 0x2a
    run it again: proveniq run lab --seed 0x2a

    asset-3: the Ledger says linked, the device does not (at 12.300s)
    … and 4 more pieces
    </failure>
            </testcase>
            <testcase name="link_agreement[seed=0x99]" classname="lab">
                <failure message="link_agreement (eventually) is violated by seed 0x99" type="link_agreement on slot #: it is wrong">link_agreement (eventually) is violated by seed 0x99
    run it again: proveniq run lab --seed 0x99

    slot 4: the Ledger says linked, the device does not (at 12.300s)
    … and 4 more pieces
    </failure>
            </testcase>
            <testcase name="queue_bounded" classname="lab">
                <system-out>held in 1,004 of 1,006 seeds</system-out>
            </testcase>
            <testcase name="queue_bounded[unknown]" classname="lab">
                <error message="queue_bounded could not judge 2 seeds" type="unknown">queue_bounded could not judge 2 seeds
    run it again: proveniq run lab --seed 0x20

    the search gave up after 32 states
    </error>
            </testcase>
            <testcase name="sometimes[breaker_opened]" classname="lab">
                <system-out>reached in 1,001 seeds</system-out>
            </testcase>
            <testcase name="sometimes[failover]" classname="lab">
                <failure message="failover was reached by none of 1,007 seeds" type="sometimes">failover was reached by none of 1,007 seeds</failure>
            </testcase>
            <testcase name="sometimes[shed_load]" classname="lab">
                <system-out>reached in 1 seed</system-out>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn names_are_unique_and_no_passing_seed_has_a_case() {
    let mut lines: Vec<_> = (0..60).map(|seed| violated(seed, "asset-1")).collect();
    lines.extend((60..90).map(|seed| violated(seed, "slot 1")));
    lines.extend((90..120).map(|seed| line(seed, RunVerdict::FailedToRun)));
    lines.extend((120..140).map(unknown));
    lines.extend((140..3_000).map(|seed| line(seed, RunVerdict::Held)));
    let report = read_back(&render(&[&folded(&lines)], &JunitDetails::default()));
    let names = names(&report);
    assert_eq!(
        names.iter().collect::<BTreeSet<_>>().len(),
        names.len(),
        "{names:?}"
    );
    assert!(names.len() < 80, "{} cases", names.len());
    assert!(names.contains(&"link_agreement[seed=0x0]".to_owned()));
    assert!(
        names.contains(&"link_agreement[more: link_agreement on asset-#: it is wrong]".to_owned())
    );
    assert_eq!((report.tests, report.skipped), (names.len(), 0));
}

#[test]
fn an_unknown_verdict_is_an_error_and_never_a_pass() {
    let report = read_back(&render(&[&folded(&[unknown(1)])], &JunitDetails::default()));
    let of_check = |wanted: &str| {
        let mut cases = report.test_suites[0].test_cases.iter();
        cases.find(|case| case.name.as_str() == wanted)
    };
    assert!(of_check("queue_bounded").is_none(), "it held in no seed");
    assert!(of_check("link_agreement").is_some());
    let undecided = of_check("queue_bounded[unknown]").expect("the undecided check has a case");
    let TestCaseStatus::NonSuccess { kind, .. } = &undecided.status else {
        panic!("{:?}", undecided.status);
    };
    assert_eq!(*kind, NonSuccessKind::Error);
}

#[test]
fn what_a_run_says_cannot_break_the_xml() {
    let mut nasty = violated(1, "a\u{0}<b>&\"]]>");
    nasty.violated[0].evidence[0].claim = "\u{1b}[31m]]></failure>\u{8}".to_owned();
    let xml = render(&[&folded(&[nasty])], &JunitDetails::default());
    let report = read_back(&xml);
    assert_eq!(report.failures, 3, "the check and two unreached states");
    assert!(!xml.contains(['\u{0}', '\u{8}', '\u{1b}']));
}
