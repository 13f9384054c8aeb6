//! What operators do: an action is entered now and takes effect after its time.

use super::{Event, Plant};
use crate::incident::action::Action;
use crate::incident::books::Standing;
use crate::incident::cause::CauseKind;
use crate::incident::settings::SettingError;
use crate::incident::telemetry::Session;

impl Plant {
    /// Begins an action.
    ///
    /// # Errors
    /// When a value is out of bounds.
    pub fn act(&mut self, action: Action) -> Result<(), SettingError> {
        action.setting()?;
        let number = self.actions.len() as u32;
        self.after(action.takes(), Event::Effect(number));
        self.actions.push(action);
        Ok(())
    }

    pub(super) fn take_effect(&mut self, number: u32) {
        let action = self.actions[number as usize].clone();
        let setting = action.setting();
        if let Some((setting, value)) = setting.expect("an action is checked when it is begun") {
            self.settings.set(setting, value);
        }
        self.carry_out(&action);
        self.log("operator", format!("{} took effect", action.name()));
        self.resize();
        self.fit_verifiers();
        self.fit_deliverers();
    }

    fn carry_out(&mut self, action: &Action) {
        match action {
            Action::Pause { what } => {
                self.controls.paused.insert(what.clone());
            }
            Action::Resume { what } => {
                self.controls.paused.remove(what);
            }
            Action::OpenBreaker { circuit } => {
                self.controls.breakers.insert(circuit.clone());
            }
            Action::CloseBreaker { circuit } => {
                self.controls.breakers.remove(circuit);
            }
            Action::RollBack { change } => {
                self.controls.rolled_back.insert(change.clone());
            }
            Action::QuarantineItem { item } => {
                self.controls.quarantined.insert(item.clone());
            }
            Action::KillSession { session } => {
                self.kill(|found| u64::from(found.pid) == *session);
            }
            Action::KillSessionsOf { application } => self.kill_long(application),
            Action::RestartNode { node } => self.restart(node, false),
            Action::ResumeNode { node } => self.restart(node, true),
            Action::ReplayDeadLetters { order } => self.replay_dead(*order),
            Action::DisableIdempotency {} => self.settings.idempotency = false,
            Action::PurgeQueue {} => {
                let items = self.take_queue();
                self.books.end_unaudited(items, Standing::Lost);
                self.books.forget_lost();
            }
            Action::MarkAllVerified {} => {
                let items = self.take_queue();
                self.books.end_unaudited(items, Standing::Falsified);
            }
            _ => {}
        }
    }

    /// The circuit breakers that operators have opened.
    pub fn open_breakers(&self) -> impl Iterator<Item = &str> {
        self.controls.breakers.iter().map(String::as_str)
    }

    /// What operators have paused.
    pub fn paused(&self) -> impl Iterator<Item = &str> {
        self.controls.paused.iter().map(String::as_str)
    }

    /// The actions that have begun and not yet taken effect are the last of these; all that were begun, in order.
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    fn kill_long(&mut self, application: &str) {
        let now = self.now;
        let long = |found: &Session| {
            found.application == application && now.since(found.since).as_secs() > 10
        };
        self.kill(long);
    }

    /// A node starts anew, which ends its transactions; or goes on where it stood, and finishes what others have
    /// finished meanwhile.
    fn restart(&mut self, node: &str, goes_on: bool) {
        let named = |kind: CauseKind, lane: &crate::incident::lane::Lane| {
            lane.cause.kind == kind && lane.cause.parameter() == node
        };
        for lane in 0..self.lanes.len() {
            if named(CauseKind::EvidenceRetryStorm, &self.lanes[lane]) && !goes_on {
                self.lanes[lane].gateway_restarted(self.now);
            }
            if !named(CauseKind::LostLease, &self.lanes[lane]) {
                continue;
            }
            self.controls.restarted.insert(node.to_owned());
            if goes_on && !self.settings.idempotency {
                self.books.duplicates += self.lanes[lane].items.len() as u64;
            }
            self.free_items(lane);
        }
    }
}
