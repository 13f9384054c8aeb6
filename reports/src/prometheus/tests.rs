//! What Prometheus reads, compared with text written by hand. Whether its own tools take it is
//! tested with those tools, outside this crate.

use std::collections::BTreeMap;
use std::time::Duration;

use sim::SimTime;
use sim::alert::{AlertRule, Condition, Firing, Severity, Speed};
use sim::record::description::Description;
use sim::record::metrics::{MetricKey, Metrics};
use sim::record::scrapes::Scrapes;

use super::names::{self, Kind};
use super::rule_tests::{RuleTestError, Watched};
use super::{exposition, rule_tests, rules};

const MINUTE: Duration = Duration::from_secs(60);
const EVERY: Duration = Duration::from_secs(15);

const DEEP: AlertRule = AlertRule {
    name: "Deep",
    metric: "queue.depth",
    labels: &[("queue", "a\"b")],
    condition: Condition::Above(10),
    held_for: Duration::from_secs(30),
    severity: Severity::Warning,
    summary: "Deep",
    description: "Too deep.",
};

#[test]
fn names_get_the_ending_of_their_kind_once() {
    for (name, kind, expected) in [
        ("a.b", Kind::Gauge, "a_b"),
        ("a.b", Kind::Counter, "a_b_total"),
        ("a.total", Kind::Counter, "a_total"),
        ("a.b", Kind::Span, "a_b_seconds"),
        ("1st-of ü", Kind::Gauge, "_1st_of__"),
    ] {
        assert_eq!(names::metric(name, kind), expected);
    }
}

#[test]
fn spans_and_speeds_are_exact() {
    for (millis, expected) in [(10, "0.01"), (2_500, "2.5"), (300_000, "300"), (0, "0")] {
        assert_eq!(names::seconds(Duration::from_millis(millis)), expected);
    }
    for (millis, expected) in [
        (0, "0s"),
        (15_000, "15s"),
        (90_000, "90s"),
        (300_000, "5m"),
        (7_200_000, "2h"),
        (1_500, "1500ms"),
    ] {
        assert_eq!(names::duration(Duration::from_millis(millis)), expected);
    }
    for (events, seconds, expected) in [(1, 10, "0.1"), (5, 2, "2.5"), (3, 1, "3"), (1, 3, "1 / 3")]
    {
        let per = Duration::from_secs(seconds);
        assert_eq!(names::per_second(events, per), expected);
    }
}

#[test]
fn a_condition_is_written_as_its_expression() {
    let speed = Speed {
        window: 5 * MINUTE,
        events: 1,
        per: Duration::from_secs(10),
    };
    for (condition, expected) in [
        (Condition::Above(10), r#"queue_depth{queue="a\"b"} > 10"#),
        (
            Condition::FasterThan(speed),
            r#"rate(queue_depth_total{queue="a\"b"}[5m]) > 0.1"#,
        ),
    ] {
        let rule = AlertRule { condition, ..DEEP };
        assert_eq!(rules::expression(&rule), expected);
    }
}

#[test]
fn a_rule_file_says_all_of_a_rule() {
    insta::assert_snapshot!(rules::render(&[DEEP], EVERY), @r##"
    {
      "groups": [
        {
          "name": "proveniq",
          "interval": "15s",
          "rules": [
            {
              "alert": "Deep",
              "expr": "queue_depth{queue=\"a\\\"b\"} > 10",
              "for": "30s",
              "labels": {
                "severity": "warning"
              },
              "annotations": {
                "description": "Too deep.",
                "summary": "Deep"
              }
            }
          ]
        }
      ]
    }
    "##);
}

#[test]
fn an_exposition_counts_spans_at_their_boundaries_and_failures_at_infinity() {
    let mut metrics = Metrics::default();
    metrics.describe(Description {
        name: "a.latency",
        help: "How long.\nBackslash: \\.",
        bounds: const { &[Duration::from_millis(10), Duration::from_secs(1)] },
    });
    let latency = metrics.histogram(MetricKey::new("a.latency", &[("to", "b\\c")]));
    for micros in [4_000, 10_000, 11_000, 999_000, 70_000_250] {
        latency.record(Duration::from_micros(micros));
    }
    latency.record_failure();
    let undescribed = metrics.histogram(MetricKey::new("b.span", &[]));
    undescribed.record(Duration::from_secs(1));
    metrics.count(MetricKey::new("asked", &[("of", "a")]), 3);
    metrics.count(MetricKey::new("asked", &[("of", "b")]), 4);
    for (second, depth) in [(1, 5), (2, -7)] {
        let at = SimTime::from_millis(1_000 * second);
        metrics.gauge(MetricKey::new("depth", &[]), at, depth, None);
    }
    insta::assert_snapshot!(exposition::render(&metrics), @r##"
    # HELP asked_total Measured as asked.
    # TYPE asked_total counter
    asked_total{of="a"} 3
    asked_total{of="b"} 4
    # HELP depth Measured as depth.
    # TYPE depth gauge
    depth -7
    # HELP a_latency_seconds How long.\nBackslash: \\.
    # TYPE a_latency_seconds histogram
    a_latency_seconds_bucket{to="b\\c",le="0.01"} 2
    a_latency_seconds_bucket{to="b\\c",le="1"} 4
    a_latency_seconds_bucket{to="b\\c",le="+Inf"} 6
    a_latency_seconds_sum{to="b\\c"} 71.02425
    a_latency_seconds_count{to="b\\c"} 6
    # HELP b_span_seconds Measured as b.span.
    # TYPE b_span_seconds histogram
    b_span_seconds_bucket{le="+Inf"} 1
    b_span_seconds_sum 1
    b_span_seconds_count 1
    "##);
}

/// One queue as deep as this at each scrape, from the given number of intervals on.
fn scrapes(from: u64, depths: &[Option<i64>]) -> Scrapes {
    let mut scrapes = Scrapes::default();
    let key = MetricKey::new("queue.depth", &[("queue", "a\"b")]);
    for (number, depth) in (from..).zip(depths) {
        let at = SimTime::from_millis(15_000 * number);
        scrapes.take(at, [], depth.map(|depth| (&key, depth)));
    }
    scrapes
}

fn test_file(scrapes: &Scrapes, firings: &[Firing]) -> Result<String, RuleTestError> {
    rule_tests::render(
        "rules.json",
        &[DEEP],
        EVERY,
        &[Watched { scrapes, firings }],
    )
}

#[test]
fn a_test_of_rules_asks_at_every_scrape() {
    let (deep, gone) = (Some(11), None);
    let scrapes = scrapes(1, &[gone, Some(0), deep, deep, deep, gone, gone, Some(-3)]);
    let firing = Firing {
        alert: "Deep".into(),
        labels: BTreeMap::from([("queue".into(), "a\"b".into())]),
        from: SimTime::from_millis(75_000),
        until: Some(SimTime::from_millis(90_000)),
    };
    insta::assert_snapshot!(test_file(&scrapes, &[firing]).unwrap(), @r##"
    {
      "rule_files": [
        "rules.json"
      ],
      "evaluation_interval": "15s",
      "tests": [
        {
          "interval": "15s",
          "input_series": [
            {
              "series": "queue_depth{queue=\"a\\\"b\"}",
              "values": "_x1 _x1 0x0 11x2 stale _x1 -3x0"
            }
          ],
          "alert_rule_test": [
            {
              "eval_time": "15s",
              "alertname": "Deep",
              "exp_alerts": []
            },
            {
              "eval_time": "30s",
              "alertname": "Deep",
              "exp_alerts": []
            },
            {
              "eval_time": "45s",
              "alertname": "Deep",
              "exp_alerts": []
            },
            {
              "eval_time": "1m",
              "alertname": "Deep",
              "exp_alerts": []
            },
            {
              "eval_time": "75s",
              "alertname": "Deep",
              "exp_alerts": [
                {
                  "exp_labels": {
                    "queue": "a\"b",
                    "severity": "warning"
                  },
                  "exp_annotations": {
                    "description": "Too deep.",
                    "summary": "Deep"
                  }
                }
              ]
            },
            {
              "eval_time": "90s",
              "alertname": "Deep",
              "exp_alerts": []
            },
            {
              "eval_time": "105s",
              "alertname": "Deep",
              "exp_alerts": []
            },
            {
              "eval_time": "2m",
              "alertname": "Deep",
              "exp_alerts": []
            }
          ]
        }
      ]
    }
    "##);
}

#[test]
fn scrapes_that_are_none_or_uneven_make_no_test() {
    let refused = |scrapes: Scrapes| test_file(&scrapes, &[]).unwrap_err();
    assert_eq!(refused(Scrapes::default()), RuleTestError::NothingScraped);
    let mut uneven = scrapes(1, &[Some(0), Some(0)]);
    uneven.take(SimTime::from_millis(60_000), [], []);
    let after = SimTime::from_millis(30_000);
    assert_eq!(refused(uneven), RuleTestError::Uneven(after));
    let mut shifted = Scrapes::default();
    shifted.take(SimTime::from_millis(16_000), [], []);
    assert_eq!(refused(shifted), RuleTestError::Uneven(SimTime::START));
}
