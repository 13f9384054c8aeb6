//! A line of the actions: what is done, and when.
//!
//! The time stands beside the fields of the action, whose name decides which there are; so a mistake needs a look of its own to
//! be told with its field.

use model::incident::action::Action;
use serde_json::{Map, Value};

use super::malformed::cut;
use super::{ACTIONS, Malformed, json};

/// Reads one.
pub(super) fn action(line: usize, text: &str) -> Result<(usize, u64, Action), Malformed> {
    let mut object: Map<String, Value> = json(ACTIONS, line, text)?;
    let at = object.remove("at_s").ok_or_else(|| {
        Malformed::field(ACTIONS, line, "at_s", "missing field `at_s`".to_owned())
    })?;
    let at = at.as_u64().ok_or_else(|| {
        let message = format!(
            "{} is no whole number of seconds from hand-over",
            cut(&at.to_string())
        );
        Malformed::field(ACTIONS, line, "at_s", message)
    })?;
    let action = read_action(&object).map_err(|message| {
        let field = field_at_fault(&object, &message);
        Malformed::of_serde(ACTIONS, line, field.as_deref().unwrap_or("."), &message)
    })?;
    action
        .setting()
        .map_err(|error| Malformed::field(ACTIONS, line, "action", error.to_string()))?;
    Ok((line, at, action))
}

fn read_action(object: &Map<String, Value>) -> Result<Action, String> {
    serde_json::from_value(object.clone().into()).map_err(|error| error.to_string())
}

/// The field whose value an action is refused for. The action's name decides which fields there are, so serde reads them
/// all before it looks, and forgets which it is at: it is the one without whose value the message is another.
fn field_at_fault(object: &Map<String, Value>, message: &str) -> Option<String> {
    let mut fields = object.keys().filter(|field| *field != "action");
    let at_fault = fields.find(|field| {
        let others = [Value::Null, 0.into(), "x".into()].into_iter();
        let mut messages = others.map(|other| {
            let mut changed = object.clone();
            changed.insert((*field).clone(), other);
            read_action(&changed)
        });
        messages.all(|other| other.as_ref().err().is_none_or(|other| other != message))
    });
    let no_such_action = message
        .starts_with("unknown variant")
        .then(|| "action".to_owned());
    at_fault.cloned().or(no_such_action)
}
