//! `proveniq incident probe`: a seed from before its trouble, with nobody acting, as grading runs it.
//!
//! It answers "and without this cause?", "and with this one alone?", "and with this setting?". Hidden seeds have
//! the primary cause of the public one (`--like`), so that a command can be told before they are.

use model::incident::case::{Case, SLOTS};
use model::incident::cause::{Cause, CauseKind};
use model::incident::episode::Probe;
use model::incident::settings::{Setting, Settings};

use super::view;
use crate::args::incident::ProbeArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output;

/// Of how many samples one is shown: one a minute.
const SHOWN_ONE_OF: usize = 4;

/// Runs it and tells what was seen.
///
/// # Errors
/// When there is no such thing or setting, or a value is out of bounds.
pub fn execute(args: &ProbeArgs) -> Result<Conclusion, Failure> {
    let (case, remark) = case(args)?;
    let mut settings = Settings::default();
    for given in &args.set {
        let (setting, value) = setting(given)?;
        settings.set(setting, value);
    }
    let probe = Probe::of(&case, settings);
    let samples = probe.telemetry.samples.iter().step_by(SHOWN_ONE_OF);
    output::print("seconds are from the begin of the trouble\n")?;
    output::print(&view::table(probe.trigger, samples))?;
    let verdict = match probe.shows_incident() {
        true => "the incident shows",
        false => "no incident shows",
    };
    output::print(&format!("{remark}{verdict}\n"))?;
    Ok(Conclusion::Told)
}

/// The case that is asked for, and what is remarkable of it.
fn case(args: &ProbeArgs) -> Result<(Case, String), Failure> {
    let primary = |seed: u64| {
        let primary = Case::of_seed(seed).primary();
        primary.expect("a case of a seed has a cause").kind
    };
    let seed = args.seed.0;
    let case = Case::with_primary(seed, primary(args.like.map_or(seed, |like| like.0)));
    if args.healthy {
        return Ok((case.healthy(), String::new()));
    }
    if let Some(name) = &args.only {
        let (kind, target) = thing(name)?;
        let slots = SLOTS;
        let mut causes = case.causes.iter();
        let known = causes.find(|it| it.kind == kind && it.target == target);
        let cause = known.copied().unwrap_or(Cause {
            kind,
            target,
            slots,
        });
        return Ok((case.with_only(cause), String::new()));
    }
    let Some(name) = &args.without else {
        return Ok((case, String::new()));
    };
    let (kind, _) = thing(name)?;
    let (without, removed) = case.without(kind, name);
    let remark = match removed {
        true => String::new(),
        false => format!("{name} was not at fault, so nothing was taken out; "),
    };
    Ok((without, remark))
}

fn thing(name: &str) -> Result<(CauseKind, u16), Failure> {
    let known = CauseKind::of_parameter(name);
    known.ok_or_else(|| {
        let told = format!("there is no `{name}`: `proveniq incident actions` lists the causes");
        Failure::Usage(told)
    })
}

fn setting(given: &str) -> Result<(Setting, u32), Failure> {
    let (name, value) = given
        .split_once('=')
        .and_then(|(name, value)| Some((name, value.parse().ok()?)))
        .ok_or_else(|| Failure::Usage(format!("`{given}` is no SETTING=NUMBER")))?;
    Setting::check(name, value).map_err(|error| Failure::Usage(error.to_string()))
}
