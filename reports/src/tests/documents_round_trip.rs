//! Machine documents: their exact form, and their way back.

use super::fixture;
use crate::run_document::RunDocument;
use crate::schema::Document;
use crate::seed::{Seed, SeedLine};
use crate::sweep::{Sweep, SweepScope};
use crate::sweep_document::SweepSummary;

pub(super) fn documents() -> (RunDocument, SeedLine, SweepSummary) {
    let record = fixture::record();
    let judgements = fixture::judgements(&record);
    let report = fixture::report(&record, &judgements);
    let line = report.to_seed_line();
    let mut sweep = Sweep::new(SweepScope {
        scenario: "lost-answer".to_owned(),
        checks: judgements.iter().map(|one| one.check.to_owned()).collect(),
        sometimes: vec!["answer_lost".to_owned(), "failover".to_owned()],
        ..SweepScope::default()
    });
    sweep.add(&line).expect("it is of this scenario");
    (report.to_document(), line, SweepSummary::of(&sweep))
}

fn check<D: Document + PartialEq + std::fmt::Debug>(document: &D) {
    for text in [document.to_line(), document.to_pretty()] {
        assert_eq!(D::parse(&text).expect("it was just written"), *document);
    }
    let line = document.to_line();
    assert!(!line.contains('\n'));
    let opening = format!(r#"{{"schema":"{}","#, D::SCHEMA);
    assert!(line.starts_with(&opening), "{line}");
}

#[test]
fn every_document_opens_with_its_schema_and_reads_back() {
    let (run, seed, sweep) = documents();
    check(&run);
    check(&seed);
    check(&sweep);
    check(&SeedLine::failed_to_run(
        "a",
        Seed(u64::MAX),
        "killed by signal 9",
        "proveniq run a",
    ));
}

#[test]
fn a_run_document_has_this_form() {
    insta::assert_snapshot!(documents().0.to_pretty(), @r#"
    {
      "schema": "proveniq/run/v1",
      "scenario": "lost-answer",
      "seed": "0x2a",
      "fingerprint": "0123456789abcdef0011223344556677",
      "verdict": "violated",
      "defects": [
        "ack_lost_means_dead"
      ],
      "checks": [
        {
          "name": "nodes_behave",
          "kind": "always",
          "verdict": "held",
          "evidence": []
        },
        {
          "name": "acked_writes_survive",
          "kind": "always",
          "verdict": "held",
          "evidence": []
        },
        {
          "name": "no_answer_lost",
          "kind": "eventually",
          "verdict": "violated",
          "evidence": [
            {
              "subject": "key k2",
              "claim": "the client was told nothing, although the store kept the write",
              "at_ns": null,
              "operations": [
                {
                  "operation": 1,
                  "process": "client-1",
                  "function": "put",
                  "input": {
                    "amount": 1,
                    "key": "k2"
                  },
                  "invoked_ns": 45000000,
                  "completed_ns": 145000000,
                  "outcome": {
                    "unknown": "no answer before the deadline"
                  }
                }
              ],
              "events": []
            }
          ]
        },
        {
          "name": "queue_bounded",
          "kind": "always",
          "verdict": "unknown",
          "reason": "the table `queues` could not be read at the end of the run",
          "evidence": []
        }
      ],
      "plan": [
        {
          "what": {
            "lose-replies": {
              "ratio": "100%"
            }
          },
          "where": "store -> director",
          "from_ms": 30,
          "until_ms": 200
        },
        {
          "what": "crash",
          "where": "store",
          "from_ms": 5000,
          "until_ms": 6000
        }
      ],
      "struck": [
        0
      ],
      "operations": {
        "ok": 1,
        "fail": 0,
        "unknown": 1
      },
      "events": 25,
      "simulated_ms": 145,
      "ending": "finished",
      "pending": [
        "job 7 of store"
      ],
      "reached": [
        "answer_lost"
      ],
      "findings": [],
      "metrics": {
        "counters": {
          "store.requests{operation=\"put\"}": 2
        },
        "gauges": {
          "store.open": {
            "min": 1,
            "max": 2,
            "last": 2,
            "changes": 1
          }
        },
        "histograms": {
          "store.latency{operation=\"put\"}": {
            "count": 2,
            "failures": 1,
            "p50_us": 5123,
            "p95_us": null,
            "p99_us": null,
            "max_us": null
          }
        }
      },
      "reproduce": "proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead"
    }
    "#);
}

#[test]
fn a_seed_line_has_this_form() {
    insta::assert_snapshot!(documents().1.to_pretty(), @r#"
    {
      "schema": "proveniq/seed/v1",
      "scenario": "lost-answer",
      "seed": "0x2a",
      "verdict": "violated",
      "fingerprint": "0123456789abcdef0011223344556677",
      "violated": [
        {
          "check": "no_answer_lost",
          "kind": "eventually",
          "subject_kind": "key k#",
          "claim_kind": "the client was told nothing, although the store kept the write",
          "evidence_total": 1,
          "evidence": [
            {
              "subject": "key k2",
              "claim": "the client was told nothing, although the store kept the write",
              "at_ms": null
            }
          ]
        }
      ],
      "unknown": [
        {
          "check": "queue_bounded",
          "reason": "the table `queues` could not be read at the end of the run"
        }
      ],
      "failure": null,
      "operations": {
        "ok": 1,
        "fail": 0,
        "unknown": 1
      },
      "events": 25,
      "simulated_ms": 145,
      "reached": [
        "answer_lost"
      ],
      "reproduce": "proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead"
    }
    "#);
}

#[test]
fn a_sweep_line_has_this_form() {
    insta::assert_snapshot!(documents().2.to_pretty(), @r#"
    {
      "schema": "proveniq/sweep/v1",
      "scenario": "lost-answer",
      "verdict": "violated",
      "seeds": 1,
      "held": 0,
      "violated": 1,
      "unknown": 0,
      "failed_to_run": 0,
      "sometimes": {
        "answer_lost": 1,
        "failover": 0
      },
      "failures": [
        {
          "signature": "no_answer_lost on key k#: the client was told nothing, although the store kept the write",
          "check": "no_answer_lost",
          "kind": "eventually",
          "seeds": 1,
          "first_seed": "0x2a",
          "claim": "key k2: the client was told nothing, although the store kept the write",
          "reproduce": "proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead"
        }
      ],
      "undecided": [
        {
          "check": "queue_bounded",
          "seeds": 1,
          "first_seed": "0x2a",
          "reason": "the table `queues` could not be read at the end of the run",
          "reproduce": "proveniq run lost-answer --seed 0x2a --defect ack_lost_means_dead"
        }
      ],
      "operations": {
        "ok": 1,
        "fail": 0,
        "unknown": 1
      },
      "events": 25,
      "simulated_ms": 145,
      "confidence": {
        "clean_seeds": 0,
        "failure_rate_below": null,
        "failure_rate_at_most": "1",
        "behaviours": 1,
        "behaviours_seen_once": 1,
        "saturation": [
          {
            "seeds": 1,
            "behaviours_tenths": 10
          }
        ],
        "statement": "1 of 1 seed failed (100 %); the failure rate is below 1 at 95 % confidence. 1 behaviour was seen, 1 only once: the next seed shows a new one with a chance of about 100 %."
      }
    }
    "#);
}
