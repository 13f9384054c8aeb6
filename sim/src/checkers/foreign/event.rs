//! From forms to events, and from events to a typed history.

use super::error::{ForeignError, Place};
use super::form::{Data, Form};
use super::reader::Reader;
use crate::checkers::history::{History, Outcome, ProcessId, Recorder};

/// What an event says about an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It begins.
    Invoke,
    /// It took effect.
    Ok,
    /// It certainly did not take effect.
    Fail,
    /// Whether it took effect is not known.
    Info,
}

/// One line of a foreign history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it stands in the text.
    pub at: Place,
    /// What it says.
    pub kind: EventKind,
    /// Whose operation it is about.
    pub process: ProcessId,
    /// What is asked, such as `read` or `txn`.
    pub function: Form,
    /// What it is asked with, or what it answers.
    pub value: Form,
    /// When, in nanoseconds, where the file says so; shown only.
    pub time_ns: Option<u64>,
}

/// How a model reads what was asked and answered.
pub trait Vocabulary {
    /// What a client may ask.
    type Action;
    /// What it may be answered.
    type Output;

    /// What an invocation asks.
    ///
    /// # Errors
    /// A function the model does not have, or a value that does not fit it.
    fn action(&self, event: &Event) -> Result<Self::Action, ForeignError>;

    /// What the answer to `action` says.
    ///
    /// # Errors
    /// A value that does not fit the action.
    fn output(&self, action: &Self::Action, event: &Event) -> Result<Self::Output, ForeignError>;

    /// What a failure means. Usually that nothing happened; a model may read an answer in it.
    fn failure(&self, _action: &Self::Action) -> Outcome<Self::Output> {
        Outcome::Failed
    }
}

/// Reads a whole history from the beginning of a text with the words of one model.
///
/// # Errors
/// The first thing wrong with the text, with its place.
pub fn read_history<V: Vocabulary>(
    mut reader: Reader<'_>,
    vocabulary: &V,
) -> Result<History<V::Action, V::Output>, ForeignError> {
    let mut recorder = Recorder::new();
    while let Some(form) = reader.next_form()? {
        if let Some(event) = event(&form)? {
            record(&event, vocabulary, &mut recorder)?;
        }
    }
    let history = recorder.finish();
    if history.is_empty() {
        Err(ForeignError::Empty)
    } else {
        Ok(history)
    }
}

fn record<V: Vocabulary>(
    event: &Event,
    vocabulary: &V,
    recorder: &mut Recorder<V::Action, V::Output>,
) -> Result<(), ForeignError> {
    let process = event.process;
    let outcome = match (event.kind, recorder.open_action(process)) {
        (EventKind::Invoke, _) => None,
        (EventKind::Ok, Some(action)) => Some(Outcome::Ok(vocabulary.output(action, event)?)),
        (EventKind::Fail, Some(action)) => Some(vocabulary.failure(action)),
        (EventKind::Info, _) | (_, None) => Some(Outcome::Unknown),
    };
    let recorded = match outcome {
        None => recorder.invoke(process, vocabulary.action(event)?, event.time_ns),
        Some(outcome) => recorder.complete(process, outcome, event.time_ns),
    };
    recorded.map(drop).map_err(|source| ForeignError::Order {
        at: event.at,
        source,
    })
}

/// The event a form describes; none if it is not a client's.
fn event(form: &Form) -> Result<Option<Event>, ForeignError> {
    let Data::Map(_) = &form.data else {
        return Err(form.refuse(
            format!("{} instead of an operation", form.kind()),
            "write one map per operation",
        ));
    };
    let process = field(form, "process")?;
    let Data::Integer(number) = process.data else {
        return Ok(None);
    };
    let number = u64::try_from(number).map_err(|_| {
        process.refuse(
            format!("process {number} is negative"),
            "number processes from 0",
        )
    })?;
    let kind = field(form, "type")?;
    let kind = match kind.word() {
        Some("invoke") => EventKind::Invoke,
        Some("ok") => EventKind::Ok,
        Some("fail") => EventKind::Fail,
        Some("info") => EventKind::Info,
        _ => return Err(kind.refuse("unknown type of operation", "use invoke, ok, fail or info")),
    };
    let nothing = || Form {
        at: form.at,
        data: Data::Nothing,
    };
    let time_ns = match form.get("time").map(|time| &time.data) {
        Some(Data::Integer(time)) => u64::try_from(*time).ok(),
        _ => None,
    };
    Ok(Some(Event {
        at: form.at,
        kind,
        process: ProcessId(number),
        function: form.get("f").cloned().unwrap_or_else(nothing),
        value: form.get("value").cloned().unwrap_or_else(nothing),
        time_ns,
    }))
}

fn field<'a>(form: &'a Form, name: &str) -> Result<&'a Form, ForeignError> {
    form.get(name).ok_or_else(|| {
        form.refuse(
            format!("an operation without `{name}`"),
            "every operation needs type, process, f and value",
        )
    })
}
