//! Reading: what is understood, what is refused and how, and that JSON is read as `serde_json` reads it.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::error::ForeignError;
use super::event::read_history;
use super::form::{Data, Form};
use super::judge::{ForeignModel, Question, judge};
use super::objects::RegisterWords;
use super::reader::{Notation, Reader};
use super::value::{Key, Value};
use crate::checkers::history::{Completion, History};
use crate::checkers::linearizability::Budget;
use crate::checkers::linearizability::register::{RegisterAction, RegisterOutput};
use crate::checkers::transactions::Isolation;

fn question(model: ForeignModel) -> Question {
    Question {
        model,
        notation: None,
        level: Isolation::Serializable,
        budget: Budget::USUAL,
    }
}

type RegisterHistory = History<RegisterAction<Key, Value>, RegisterOutput<Value>>;

fn read(text: &str) -> Result<RegisterHistory, ForeignError> {
    let words = RegisterWords {
        has_cas: false,
        is_keyed: false,
    };
    read_history(Reader::new(text)?, &words)
}

fn verdict(model: ForeignModel, text: &str) -> String {
    match judge(text, &question(model)) {
        Ok(judgement) => judgement.verdict.word().to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn one_history_reads_the_same_in_every_notation() {
    let edn = "; recorded by hand\n\
        {:type :invoke, :f :write, :value 1, :process 0, :time 10, :index 0}\n\
        #jepsen.history.Op{:index 1, :type :info, :process :nemesis, :f :start, :value nil}\n\
        #_ {:type :ok :process 9} {:type :ok, :f :write, :value 1, :process 0, :time 20N, :index 2} ; written\n\
        {:type :invoke, :f :read, :value nil, :process 1}\n\
        {:type :ok, :f :read, :value 1, :process 1, :error [:none \"a \\\"quoted\\\" word\" \\a 1.5 2/3]}\n";
    let lines = r#"{"type":"invoke","f":"write","value":1,"process":0,"time":10,"index":0}
        {"index":1,"type":"info","process":"nemesis","f":"start","value":null}
        {"type":"ok","f":"write","value":1,"process":0,"time":20,"index":2}
        {"type":"invoke","f":"read","value":null,"process":1}
        {"type":"ok","f":"read","value":1,"process":1,"error":["none","a \"quoted\" word",1.5]}"#;
    let array = format!(
        "\u{feff}[{}]",
        lines.lines().collect::<Vec<_>>().join(",\r\n")
    );
    let vector = format!("[{edn}]");
    let history = read(edn).unwrap();
    assert_eq!(history.len(), 2);
    for (text, notation) in [
        (edn, Notation::Edn),
        (lines, Notation::Json),
        (&array, Notation::Json),
        (&vector, Notation::Edn),
    ] {
        assert_eq!(Reader::new(text).unwrap().notation(), notation, "{text}");
        assert_eq!(read(text).unwrap(), history, "{text}");
    }
}

#[test]
fn a_process_may_go_on_after_an_unknown_outcome() {
    let text = "{:process 0 :type :invoke :f :write :value 1} {:process 0 :type :info :f :write :value 1}\n\
        {:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value nil}\n\
        {:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value 1}\n";
    let history = read(text).unwrap();
    assert!(matches!(
        history.operations()[0].completion,
        Completion::Unknown { noticed: Some(_) }
    ));
    assert_eq!(verdict(ForeignModel::Register, text), "held");
}

#[test]
fn every_model_accepts_and_rejects() {
    let told = |lines: &[&str]| {
        lines
            .iter()
            .map(|line| {
                format!("{{:process 0 :type :invoke {line}}}{{:process 0 :type :ok {line}}}\n")
            })
            .collect::<String>()
    };
    let cases = [
        (
            ForeignModel::Register,
            "held",
            told(&[":f :write :value 1", ":f :read :value 1"]),
        ),
        (
            ForeignModel::Register,
            "violated",
            told(&[":f :write :value 1", ":f :read :value 2"]),
        ),
        (
            ForeignModel::Register,
            "held",
            told(&[
                ":f :write :value [:a 1]",
                ":f :read :value [:b nil]",
                ":f :read :value [:a 1]",
            ]),
        ),
        (
            ForeignModel::CasRegister,
            "held",
            told(&[
                ":f :write :value 1",
                ":f :cas :value [1 2]",
                ":f :read :value 2",
            ]),
        ),
        (
            ForeignModel::CasRegister,
            "violated",
            told(&[":f :write :value 1", ":f :cas :value [2 3]"]),
        ),
        (
            ForeignModel::CasRegister,
            "held",
            told(&[
                ":f :write :value [7 1]",
                ":f :cas :value [7 [1 2]]",
                ":f :read :value [7 2]",
            ]),
        ),
        (
            ForeignModel::Kv,
            "held",
            told(&[
                ":f :put :value [:a 1]",
                ":f :delete :value :a",
                ":f :get :value [:a nil]",
            ]),
        ),
        (
            ForeignModel::Kv,
            "violated",
            told(&[":f :put :value [:a 1]", ":f :get :value [:a nil]"]),
        ),
        (
            ForeignModel::Set,
            "held",
            told(&[":f :add :value 1", ":f :read :value #{1}"]),
        ),
        (
            ForeignModel::Set,
            "violated",
            told(&[":f :add :value 1", ":f :read :value #{}"]),
        ),
        (
            ForeignModel::Queue,
            "held",
            told(&[":f :enqueue :value 1", ":f :dequeue :value 1"]),
        ),
        (
            ForeignModel::Queue,
            "violated",
            told(&[
                ":f :enqueue :value 1",
                ":f :enqueue :value 2",
                ":f :dequeue :value 2",
            ]),
        ),
        (
            ForeignModel::TotalQueue,
            "held",
            told(&[
                ":f :enqueue :value 1",
                ":f :enqueue :value 2",
                ":f :drain :value [2 1]",
            ]),
        ),
        (
            ForeignModel::TotalQueue,
            "violated",
            told(&[":f :enqueue :value 1", ":f :drain :value []"]),
        ),
        (
            ForeignModel::ListAppend,
            "held",
            told(&[
                ":f :txn :value [[:append :x 1]]",
                ":f :txn :value [[:r :x [1]]]",
            ]),
        ),
        (
            ForeignModel::ListAppend,
            "violated",
            told(&[":f :txn :value [[:r :x [1]]]"]),
        ),
        (
            ForeignModel::RwRegister,
            "held",
            told(&[":f :txn :value [[:w :x 1]]", ":f :txn :value [[:r :x 1]]"]),
        ),
        (
            ForeignModel::RwRegister,
            "violated",
            told(&[":f :txn :value [[:w :x 1] [:r :x nil]]"]),
        ),
    ];
    for (model, word, text) in cases {
        assert_eq!(verdict(model, &text), word, "{} on {text}", model.name());
        assert_eq!(ForeignModel::named(model.name()), Some(model));
    }
}

#[test]
fn mistakes_are_reported_with_their_place_and_remedy() {
    let cases = [
        (ForeignModel::Register, ""),
        (ForeignModel::Register, " ; nothing but a comment\n"),
        (ForeignModel::Register, "[]"),
        (ForeignModel::Register, "type,process\n"),
        (
            ForeignModel::Register,
            "{:type :invoke, :process 0, :f :read",
        ),
        (ForeignModel::Register, "{:type :invoke, :process 0, :f}"),
        (
            ForeignModel::Register,
            "[{:type :invoke :process 0 :f :read}",
        ),
        (
            ForeignModel::Register,
            "{:type :invoke :process 0 :f :read :value [1}}",
        ),
        (
            ForeignModel::Register,
            "{\"type\":\"invoke\" \"process\":0}",
        ),
        (ForeignModel::Register, "{\"type\":\"invoke\",}"),
        (ForeignModel::Register, "{\"type\":invoke}"),
        (
            ForeignModel::Register,
            "{:type :invoke :process 99999999999999999999 :f :read}",
        ),
        (
            ForeignModel::Register,
            "{:type :invoke :process -1 :f :read}",
        ),
        (ForeignModel::Register, "{:type :done :process 0 :f :read}"),
        (ForeignModel::Register, "{:type :invoke :f :read}"),
        (
            ForeignModel::Register,
            "{:type :invoke :process 0 :f :push :value 1}",
        ),
        (
            ForeignModel::Register,
            "{:type :invoke :process 0 :f :cas :value [1 2]}",
        ),
        (
            ForeignModel::CasRegister,
            "{:type :invoke :process 0 :f :cas :value 1}",
        ),
        (
            ForeignModel::Kv,
            "{:type :invoke :process 0 :f :get :value nil}",
        ),
        (
            ForeignModel::Register,
            "{:type :invoke :process 0 :f :read}\n{:type :invoke :process 0 :f :read}",
        ),
        (
            ForeignModel::Register,
            "{:type :invoke :process 0 :f :read}\n\n  {:type :ok :process 1 :f :read :value 1}",
        ),
        (
            ForeignModel::ListAppend,
            "{:type :invoke :process 0 :f :txn :value [[:append 1 2] [:w 3 4]]}",
        ),
        (
            ForeignModel::ListAppend,
            "{:type :invoke :process 0 :f :txn :value [[:append 1]]}",
        ),
        (
            ForeignModel::RwRegister,
            "{:type :invoke :process 0 :f :txn :value [[:r 1 [2]]]}",
        ),
    ];
    let told = cases
        .iter()
        .map(|(model, text)| verdict(*model, text))
        .collect::<Vec<_>>()
        .join("\n");
    insta::assert_snapshot!(told, @r#"
    the file holds no operation; a history has one map per operation, such as {:type :invoke, :process 0, :f :read}
    the file holds no operation; a history has one map per operation, such as {:type :invoke, :process 0, :f :read}
    the file holds no operation; a history has one map per operation, such as {:type :invoke, :process 0, :f :read}
    line 1, column 1: this is neither EDN nor JSON; a history is a sequence of maps, in EDN or JSON, or one list of them
    line 1, column 37: the text ends inside a map; complete or remove the last operation
    line 1, column 32: a map ends after a key; give every key a value
    line 1, column 37: the outermost list is not closed; close it
    line 1, column 45: `}` closes a list that needs `]`; match the brackets
    line 1, column 18: a comma is missing; separate values by commas
    line 1, column 18: a comma before the end of a list or map; remove it
    line 1, column 9: `invoke` is no JSON value; put words in double quotes
    line 1, column 25: 99999999999999999999 does not fit in 64 bits; use smaller numbers, or strings
    line 1, column 25: process -1 is negative; number processes from 0
    line 1, column 8: unknown type of operation; use invoke, ok, fail or info
    line 1, column 1: an operation without `process`; every operation needs type, process, f and value
    line 1, column 30: the model has no operation `push`; use read, write or cas, or another --model
    line 1, column 30: a plain register has no cas; use --model cas-register
    line 1, column 42: a cas without its two values; write [from to] or [key [from to]]
    line 1, column 42: a value without its key; write [key value]
    line 2, column 1: event 1: process 0 invokes while its operation from event 0 has not completed; record its completion first, or give each concurrent call a process of its own
    line 3, column 3: event 1: process 1 completes an operation it never invoked; record the invocation, or drop the completion
    line 1, column 58: unknown step of a list transaction; use append or r
    line 1, column 43: a step that is no triple; write [function key value]
    line 1, column 49: a list instead of a value; use --model list-append for lists
    "#);
}

#[test]
fn a_notation_that_was_asked_for_is_not_guessed() {
    let edn = "{:process 0 :type :invoke :f :read} {:process 0 :type :ok :f :read :value nil}";
    let json = r#"{"process":0,"type":"invoke","f":"read"} {"process":0,"type":"ok","f":"read","value":null}"#;
    let told = |text: &str, notation| {
        let asked = Question {
            notation: Some(notation),
            ..question(ForeignModel::Register)
        };
        judge(text, &asked).map(|judgement| judgement.verdict.word())
    };
    assert_eq!(told(edn, Notation::Edn), Ok("held"));
    assert_eq!(told(json, Notation::Json), Ok("held"));
    for wrong in [edn, "(1 2)", "type,process"] {
        let error = told(wrong, Notation::Json).unwrap_err();
        assert!(error.place().is_some(), "{error}");
    }
    assert_eq!(told("", Notation::Json), Err(ForeignError::Empty));
}

#[test]
fn evidence_reads_like_the_file() {
    let text = "{:process 0 :type :invoke :f :put :value [:a 1]} {:process 0 :type :ok :f :put :value [:a 1]}\n\
        {:process 0 :type :invoke :f :get :value [:a nil]} {:process 0 :type :ok :f :get :value [:a nil]}\n";
    let judgement = judge(text, &question(ForeignModel::Kv)).unwrap();
    insta::assert_snapshot!(judgement.verdict, @r#"
    violated
    linearizability: no order of the operations explains operation 1 of process 0 (read of a answered empty, events 2 to 3): when its answer was due, the state could only be 1
    "#);
}

#[test]
fn a_file_nested_without_end_is_refused() {
    let text = format!("[{{\"type\":{}", "[".repeat(100_000));
    let mut reader = Reader::new(&text).unwrap();
    assert!(matches!(
        reader.next_form(),
        Err(ForeignError::Syntax { .. })
    ));
}

/// What a form says, as `serde_json` would have it. Numbers that are no integers are compared by their text elsewhere.
fn as_json(form: &Form) -> Json {
    match &form.data {
        Data::Nothing => Json::Null,
        Data::Truth(truth) => Json::Bool(*truth),
        Data::Integer(number) => Json::from(*number),
        Data::Word(word) => Json::from(word.as_str()),
        Data::Sequence(items) => Json::Array(items.iter().map(as_json).collect()),
        Data::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.word().unwrap().to_string(), as_json(value)))
                .collect(),
        ),
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn forms(text: &str) -> Result<Vec<Json>, ForeignError> {
    let mut reader = Reader::new(text)?;
    let mut forms = Vec::new();
    while let Some(form) = reader.next_form()? {
        forms.push(as_json(&form));
    }
    Ok(forms)
}

proptest! {
    #[test]
    fn json_is_read_as_serde_reads_it(value in any_json(), is_pretty: bool) {
        let wrapped = serde_json::json!({ "value": value });
        let text = if is_pretty { serde_json::to_string_pretty(&wrapped) } else { serde_json::to_string(&wrapped) }.unwrap();
        prop_assert_eq!(forms(&text).unwrap(), vec![wrapped.clone()]);
        prop_assert_eq!(forms(&format!("[{text},{text}]")).unwrap(), vec![wrapped.clone(), wrapped]);
    }

    #[test]
    fn json_that_serde_refuses_is_refused(value in any_json(), cut in 1usize..200) {
        // Cutting text off is what happens to real files; whatever is left, both must agree on whether it is complete.
        let text = serde_json::to_string(&serde_json::json!({ "value": value })).unwrap();
        let end = (0..=text.len().saturating_sub(cut)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        let cut = &text[..end];
        prop_assert_eq!(forms(cut).is_ok(), serde_json::from_str::<Json>(cut).is_ok(), "{}", cut);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text: String) {
        // A reader that fails must say where; one that succeeds must end.
        if let Err(error) = forms(&text) {
            prop_assert!(error == ForeignError::Empty || error.to_string().starts_with("line "), "{}", error);
        }
    }
}
