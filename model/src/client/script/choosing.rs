//! What an operation is for: drawn by the workload's weights, about things that were registered before.

use sim::random::Stream;

use super::Script;
use crate::client::intent::{AuditBy, Intent};
use crate::config::{Mix, ReadMix};
use crate::core::asset::{AssetContent, Strategy};
use crate::core::conflicts::fields::Field;
use crate::core::protocol::RegisterAsset;
use crate::ids::{IdempotencyKey, LockerRef};
use crate::ledger::protocol::Consistency;
use crate::realtime::audience::Audience;
use crate::realtime::config::RealtimeConfig;

/// The kinds of operations, which a [`Mix`] weighs.
enum Choice {
    Register,
    Rename,
    RenamePair,
    Read,
    Verify,
    Audit,
    Letters,
    ReplayAll,
    Notify,
    Search,
    Reindex,
    AuditPages,
    Edit,
    Inbox,
}

impl Choice {
    /// In this order, which the draw depends on.
    fn draw(mix: &Mix, stream: &mut Stream) -> Choice {
        let choices = [
            (Choice::Register, mix.register),
            (Choice::Rename, mix.rename),
            (Choice::RenamePair, mix.rename_pair),
            (Choice::Read, mix.read),
            (Choice::Verify, mix.verify),
            (Choice::Audit, mix.audit),
            (Choice::Letters, mix.letters),
            (Choice::ReplayAll, mix.replays),
            (Choice::Notify, mix.notify),
            (Choice::Search, mix.search),
            (Choice::Reindex, mix.reindex),
            (Choice::AuditPages, mix.audit_pages),
            (Choice::Edit, mix.edit),
            (Choice::Inbox, mix.inbox),
        ];
        weighted(choices, stream)
    }
}

impl Script<'_> {
    /// What somebody does next.
    pub(super) fn intent(&self, number: u64, client: u32, stream: &mut Stream) -> Intent {
        let choice = if self.registered.is_empty() {
            Choice::Register
        } else {
            Choice::draw(&self.workload.mix, stream)
        };
        let key = IdempotencyKey(format!("key-{number}"));
        match choice {
            Choice::Register => Intent::Register(self.registration(number, client, stream)),
            Choice::Rename => self.renaming(1, number, stream),
            Choice::RenamePair => self.renaming(2, number, stream),
            Choice::Read => self.reading(stream),
            Choice::Verify => Intent::Verify {
                key,
                of: self.one(stream),
            },
            Choice::Audit => Intent::Audit(self.one(stream)),
            Choice::Letters => Intent::Letters {
                replay: stream.below(4) > 0,
            },
            Choice::ReplayAll => Intent::ReplayAll { key },
            Choice::Notify => Intent::Notify {
                key,
                to: self.audience(stream),
            },
            Choice::Search => {
                Intent::Search(stream.pick(&["asset", "renamed", "rival"]).to_string())
            }
            Choice::Reindex => Intent::Reindex,
            Choice::AuditPages => Intent::AuditPages(match stream.below(3) {
                0 => AuditBy::Asset(self.one(stream)),
                1 => AuditBy::Instance(stream.below(u64::from(self.system.cores)) as u32),
                _ => AuditBy::Lately,
            }),
            Choice::Edit => Intent::Edit {
                key,
                of: self.one(stream),
                changes: changes(&number.to_string(), stream),
            },
            Choice::Inbox => Intent::Inbox(self.user(stream)),
        }
    }

    fn renaming(&self, count: usize, number: u64, stream: &mut Stream) -> Intent {
        Intent::Rename {
            key: IdempotencyKey(format!("key-{number}")),
            of: self.some(count, stream),
            name: format!("renamed by {number}"),
        }
    }

    /// One of the users; a name that nobody has where there are none.
    fn user(&self, stream: &mut Stream) -> String {
        let realtime = self.system.realtime.as_ref();
        let users = realtime.map(RealtimeConfig::user_names).unwrap_or_default();
        let chosen = users.get(stream.below(users.len().max(1) as u64) as usize);
        chosen.cloned().unwrap_or_default()
    }

    /// One user, two or all.
    fn audience(&self, stream: &mut Stream) -> Audience {
        let (one, other) = (self.user(stream), self.user(stream));
        match stream.below(4) {
            0 => Audience::Everybody,
            1 => Audience::Users(vec![one, other]),
            _ => Audience::User(one),
        }
    }

    fn reading(&self, stream: &mut Stream) -> Intent {
        let of = self.one(stream);
        let Some(ReadMix {
            eventual,
            session,
            strong,
            causal,
        }) = self.workload.reads
        else {
            return Intent::Read(of);
        };
        let choices = [
            (Consistency::Eventual, eventual),
            (Consistency::Session, session),
            (Consistency::Strong, strong),
            (Consistency::Causal, causal),
        ];
        let consistency = weighted(choices, stream);
        Intent::ReadAt { of, consistency }
    }

    /// One of the latest registrations: people work on what is new, so they meet.
    fn one(&self, stream: &mut Stream) -> u64 {
        let among = self.workload.among_latest as usize;
        let from = self.registered.len().saturating_sub(among);
        *stream.pick(&self.registered[from..])
    }

    /// So many of them, each once.
    fn some(&self, count: usize, stream: &mut Stream) -> Vec<u64> {
        let mut chosen = Vec::new();
        for _ in 0..count {
            let one = self.one(stream);
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }

    fn registration(&self, number: u64, client: u32, stream: &mut Stream) -> RegisterAsset {
        let former = self
            .planned
            .iter()
            .rev()
            .find_map(|earlier| match &earlier.intent {
                Intent::Register(request) if earlier.client == client => Some(request),
                _ => None,
            });
        let key = match former {
            Some(former) if stream.chance(self.workload.key_reuse) => former.key.clone(),
            _ => IdempotencyKey(format!("key-{number}")),
        };
        let locker = stream.below(u64::from(self.system.lockers)) + 1;
        let category = *stream.pick(&["tool", "vehicle", "document", "device"]);
        let all_or_nothing = stream.chance(self.workload.all_or_nothing);
        let unknown = stream.chance(self.workload.unknown_locker);
        let locker = if unknown {
            "locker-nowhere".into()
        } else {
            format!("locker-{locker}")
        };
        RegisterAsset {
            key,
            content: AssetContent {
                name: format!("asset {number}"),
                category: category.to_owned(),
                locker: LockerRef(locker),
            },
            strategy: if all_or_nothing {
                Strategy::FullRollback
            } else {
                Strategy::PartialCommit
            },
        }
    }
}

/// One or two fields, and what somebody wants them to say.
pub(super) fn changes(who: &str, stream: &mut Stream) -> Vec<(Field, String)> {
    let first = stream.below(Field::ALL.len() as u64) as usize;
    let count = 1 + stream.below(2) as usize;
    let chosen = (0..count).map(|step| Field::ALL[(first + step) % Field::ALL.len()]);
    let change = |field: Field| (field, format!("{} by {who}", field.name()));
    chosen.map(change).collect()
}

/// One of some things, drawn by weight.
fn weighted<T, const N: usize>(choices: [(T, u32); N], stream: &mut Stream) -> T {
    let total = choices.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let mut left = stream.below(total);
    for (choice, weight) in choices {
        match left.checked_sub(u64::from(weight)) {
            Some(rest) => left = rest,
            None => return choice,
        }
    }
    unreachable!("what is drawn below the total falls on one of the weights")
}
