//! Criterion 4: the cause, word by word and by replay. With exactly the named cause removed the incident must
//! vanish; with only it in a healthy case it must appear. [`chain`](super::chain) judges what needs evidence.

use model::incident::case::Case;
use model::incident::cause::{Cause, CauseKind, Description};
use model::incident::episode::{Outcome, Probe};
use model::incident::settings::Settings;

use super::chain::View;
use super::{Judged, Lost, Marker};
use crate::document::Item;
use crate::evidence::{Evidence, Seeds};
use crate::submission::POSTMORTEM;
use crate::submission::malformed::cut;
use crate::submission::postmortem::{NamedCause, Postmortem};

/// What a learner named, in the catalogue.
pub(super) fn kind_of(named: &NamedCause) -> Option<CauseKind> {
    CauseKind::named(&named.component, &named.fault_class)
}

fn same(named: &NamedCause, cause: &Cause) -> bool {
    kind_of(named) == Some(cause.kind) && named.parameter == cause.parameter()
}

/// Judges it.
pub fn judge(
    marker: &Marker,
    postmortem: &Postmortem,
    case: &Case,
    outcome: &Outcome,
) -> Vec<Item> {
    let named = &postmortem.cause;
    let right = case.causes.first().is_some_and(|cause| same(named, cause));
    let view = View {
        case,
        outcome,
        right,
    };
    let mut items = Vec::from(words(marker, named, case));
    items.extend(counterfactuals(marker, named, case));
    let since = match named.from_s {
        _ if !right => Some("it is not the cause".to_owned()),
        None => Some("it is not said since when".to_owned()),
        Some(from) => {
            let began = -(outcome.hand_over.since(case.trigger).as_secs() as i64);
            let near = from.abs_diff(began) <= 120;
            (!near).then(|| format!("it did not begin about {from} s"))
        }
    };
    let since = since.map(|told| marker.lost_at(told, named.from_s.unwrap_or(0)));
    items.push(item("since", 10, "cause.from_s").all_or_nothing(since));
    let others = contributing(postmortem, case);
    let others = others.map(|told| Lost::by(told, command(marker, "without", named)));
    items.push(item("contributing", 15, "contributing").all_or_nothing(others));
    items.extend(view.chain(marker, postmortem));
    let out = view.ruled_out(postmortem);
    let out = out.map(|(told, at_s)| marker.lost_at(told, at_s));
    items.push(item("ruled_out", 25, "ruled_out").all_or_nothing(out));
    items
}

/// An item judged by a part of the post-mortem.
pub(super) fn item(name: &str, points: u32, part: &str) -> Judged {
    let evidence = vec![Evidence::submitted(POSTMORTEM, part)];
    Judged::of(&format!("cause.{name}"), points, evidence)
}

/// The three words of a cause, each by itself: the component, the class of the fault, the thing. They have to be
/// words of the catalogue, both of them: where a symptom sits is no component at fault.
fn words(marker: &Marker, named: &NamedCause, case: &Case) -> [Item; 3] {
    let primary = case.primary().expect("a case of a seed has a cause");
    let truly = primary.kind.description();
    let known = |of: fn(&Description) -> &'static str, word: &str| {
        CauseKind::ALL
            .iter()
            .any(|kind| of(&kind.description()) == word)
    };
    let catalogued = known(|it| it.component, &named.component)
        && known(|it| it.fault_class, &named.fault_class);
    let lost = |told: String| Lost::by(told, command(marker, "without", named));
    let wrong = |is: bool, what: &str, word: &str| match (catalogued, is) {
        (true, true) => None,
        (false, _) => Some(lost(no_cause(named))),
        (true, false) => Some(lost(format!("`{}` is not {what}", cut(word)))),
    };
    let (component, class) = (named.component.as_str(), named.fault_class.as_str());
    let thing = named.parameter.as_str();
    [
        item("component", 20, "cause.component").all_or_nothing(wrong(
            component == truly.component,
            "the component at fault",
            component,
        )),
        item("fault_class", 20, "cause.fault_class").all_or_nothing(wrong(
            class == truly.fault_class,
            "the class of the fault",
            class,
        )),
        item("parameter", 20, "cause.parameter").all_or_nothing(wrong(
            thing == primary.parameter(),
            "the thing at fault",
            thing,
        )),
    ]
}

/// Both replays: the incident goes with the named cause, and comes with it.
fn counterfactuals(marker: &Marker, named: &NamedCause, case: &Case) -> [Item; 2] {
    let vanishes = vanishes(named, case);
    let appears = match vanishes {
        Some(_) => Some("the incident does not vanish without it".to_owned()),
        None => appears(named, case),
    };
    let judged = |name: &str, with: &str, wrong: Option<String>| {
        let run = Evidence::Runs {
            seeds: Seeds::Public,
            what: option(with, named),
            good: u64::from(wrong.is_none()),
            of: 1,
        };
        let command = command(marker, with, named);
        let evidence = vec![Evidence::submitted(POSTMORTEM, "cause"), run];
        Judged::of(&format!("cause.{name}"), 20, evidence)
            .all_or_nothing(wrong.map(|told| Lost::by(told, command)))
    };
    [
        judged("necessary", "without", vanishes),
        judged("sufficient", "only", appears),
    ]
}

/// The option of a probe with the named cause; nothing when there is no such cause.
fn option(name: &str, named: &NamedCause) -> String {
    catalogued(named).map_or(String::new(), |thing| format!(" --{name} {thing}"))
}

/// The command that runs the public seed so; the one that lists what can be named when that is no cause.
pub(super) fn command(marker: &Marker, name: &str, named: &NamedCause) -> String {
    match option(name, named) {
        none if none.is_empty() => "proveniq incident actions".to_owned(),
        options => marker.probe(&options),
    }
}

fn no_cause(named: &NamedCause) -> String {
    format!(
        "`{}` / `{}` is not in the catalogue of causes: a symptom cannot be injected",
        cut(&named.component),
        cut(&named.fault_class)
    )
}

/// The thing a learner named, if it is one of the catalogue's and can stand in a command.
fn catalogued(named: &NamedCause) -> Option<&str> {
    let (kind, _) = CauseKind::of_parameter(&named.parameter)?;
    (kind_of(named) == Some(kind)).then_some(&named.parameter)
}

/// The counterfactual: this seed without the named cause. `None` when the incident is gone.
fn vanishes(named: &NamedCause, case: &Case) -> Option<String> {
    let Some(kind) = kind_of(named) else {
        return Some(no_cause(named));
    };
    let (without, removed) = case.without(kind, &named.parameter);
    if !removed {
        return Some(format!(
            "taken away, it changes nothing: {} {} was not at fault",
            named.component,
            cut(&named.parameter)
        ));
    }
    let shows = Probe::of(&without, Settings::default()).shows_incident();
    shows.then(|| "without it the incident shows all the same".to_owned())
}

/// The other way round: a healthy case with the named cause only.
fn appears(named: &NamedCause, case: &Case) -> Option<String> {
    let cause = case.causes.iter().find(|cause| same(named, cause))?;
    let shows = Probe::of(&case.with_only(*cause), Settings::default()).shows_incident();
    (!shows).then(|| "alone in a healthy system it makes no incident".to_owned())
}

fn contributing(postmortem: &Postmortem, case: &Case) -> Option<String> {
    let truly = &case.causes[1.min(case.causes.len())..];
    let invented = postmortem
        .contributing
        .iter()
        .find(|named| !truly.iter().any(|cause| same(named, cause)));
    if let Some(named) = invented {
        return Some(format!("{} did not contribute", cut(&named.parameter)));
    }
    if !case
        .causes
        .first()
        .is_some_and(|cause| same(&postmortem.cause, cause))
    {
        return Some("the cause itself is another".to_owned());
    }
    let missing = truly.iter().any(|cause| {
        !postmortem
            .contributing
            .iter()
            .any(|named| same(named, cause))
    });
    missing.then(|| "something contributed that is not named".to_owned())
}
