//! Histories from elsewhere, judged: for people and machines.

use sim::checkers::foreign::{ForeignModel, Judgement, Question, judge};
use sim::checkers::linearizability::Budget;
use sim::checkers::transactions::Isolation;

use crate::check::CheckReport;
use crate::check_document::CheckDocument;
use crate::schema::Document;
use crate::style::Style;

fn judged(model: ForeignModel, text: &str) -> Judgement {
    let question = Question {
        model,
        notation: None,
        level: Isolation::Serializable,
        budget: Budget::USUAL,
    };
    judge(text, &question).expect("a readable history")
}

/// Calls of one process that were all answered, such as `:f :read :value 1`.
fn answered(calls: &[&str]) -> String {
    let lines = calls.iter().map(|call| {
        format!("{{:process 0 :type :invoke {call}}} {{:process 0 :type :ok {call}}}\n")
    });
    lines.collect()
}

fn report(judgement: &Judgement) -> CheckReport<'_> {
    CheckReport {
        history: "store.edn",
        judgement,
        level: Isolation::Serializable,
    }
}

#[test]
fn a_history_that_held_is_told_in_few_lines() {
    let judgement = judged(
        ForeignModel::Register,
        &answered(&[":f :write :value 1", ":f :read :value 1"]),
    );
    insta::assert_snapshot!(report(&judgement).to_text(Style::PLAIN), @r#"
    store.edn

      model       register
      promise     a linearizable register
      operations  2

    ✓  2 operations, all as a linearizable register may behave.
    "#);
}

#[test]
fn a_violation_shows_its_proof() {
    let judgement = judged(
        ForeignModel::Kv,
        &answered(&[":f :put :value [:a 1]", ":f :get :value [:a nil]"]),
    );
    insta::assert_snapshot!(report(&judgement).to_text(Style::PLAIN), @r#"
    store.edn

      model       kv
      promise     a linearizable key-value store
      operations  2

    ✗ linearizability
      no order of the operations explains operation 1 of process 0 (read of a answered empty, events 2
      to 3): when its answer was due, the state could only be 1

    ✗  2 operations, not as a linearizable key-value store may behave: 1 reason.
    "#);
    insta::assert_snapshot!(report(&judgement).to_document().to_line(), @r#"{"schema":"proveniq/check/v1","verdict":"violated","model":"kv","operations":2,"explanation":"2 operations, not as a linearizable key-value store may behave: 1 reason.","isolation":null,"broken_levels":[],"evidence":[{"rule":"linearizability","statement":"no order of the operations explains operation 1 of process 0 (read of a answered empty, events 2 to 3): when its answer was due, the state could only be 1","operations":[1]}]}"#);
}

#[test]
fn transactions_name_every_level_they_break() {
    let judgement = judged(
        ForeignModel::ListAppend,
        &answered(&[
            ":f :txn :value [[:append :x 1]]",
            ":f :txn :value [[:r :x [1]] [:r :x nil]]",
        ]),
    );
    insta::assert_snapshot!(report(&judgement).to_text(Style::PLAIN), @r#"
    store.edn

      model       list-append
      promise     serializable transactions over lists
      operations  2
      breaks      snapshot-isolation, repeatable-read, serializable, strict-serializable

    ✗ internal
      T1 read x as [], against its own earlier steps

    ✗ G-single
      T1 = {read x as [1]; read x as []}
      T0 = {append 1 to x}
      T1 read x as [], without T0's append of 1, so T1 < T0;
      however, T1 observed T0's append of 1 to x, so T0 < T1: a contradiction

    ✗  2 operations, not as serializable transactions over lists may behave: 2 reasons.
    "#);
}

#[test]
fn what_cannot_be_judged_is_not_called_held() {
    let judgement = judged(
        ForeignModel::Register,
        "{:process 0 :type :invoke :f :read :value nil}",
    );
    insta::assert_snapshot!(report(&judgement).to_text(Style::PLAIN), @r#"
    store.edn

      model       register
      promise     a linearizable register
      operations  1

    ?  1 operation; whether a linearizable register may behave so is not known: no operation completed,
       so the history says nothing.
    "#);
}

#[test]
fn only_the_first_proofs_are_shown_and_the_rest_counted() {
    let gone: Vec<String> = (0..12).map(|n| format!(":f :enqueue :value {n}")).collect();
    let mut calls: Vec<&str> = gone.iter().map(String::as_str).collect();
    calls.push(":f :drain :value []");
    let judgement = judged(ForeignModel::TotalQueue, &answered(&calls));
    let text = report(&judgement).to_text(Style::PLAIN);
    assert_eq!(
        text.matches("was enqueued, and neither").count(),
        8,
        "{text}"
    );
    assert!(text.contains("… and 4 more pieces of evidence"), "{text}");
    let document = report(&judgement).to_document();
    assert_eq!(document.evidence.len(), 12);
    assert_eq!(
        CheckDocument::parse(&document.to_line()).expect("just written"),
        document
    );
}
