//! One call from text to verdict.

use super::error::ForeignError;
use super::event::read_history;
use super::objects::{DeliveryWords, QueueWords, RegisterWords, SetWords};
use super::reader::{Notation, Reader};
use super::transactions::{ListWords, RegisterTransactionWords};
use super::value::Value;
use crate::checkers::linearizability::{
    self, Budget, queue::FifoQueue, register::Registers, set::Set,
};
use crate::checkers::queue;
use crate::checkers::transactions::rw_register::{self, Assumptions};
use crate::checkers::transactions::transaction::RegisterHistory;
use crate::checkers::transactions::{Isolation, Limits, Report, list_append};
use crate::checkers::verdict::Verdict;

/// What a foreign history is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ForeignModel {
    /// One register, or one per key: read and write.
    Register,
    /// A register with compare-and-set.
    CasRegister,
    /// Transactions that append to lists and read them.
    ListAppend,
    /// Transactions that write and read registers.
    RwRegister,
    /// A first-in-first-out queue, linearizable.
    Queue,
    /// A queue that loses and duplicates nothing, in whatever order.
    TotalQueue,
    /// A set, linearizable.
    Set,
    /// A store of registers by key: get, put, delete, compare-and-set.
    Kv,
}

/// What is asked of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// What it is about.
    pub model: ForeignModel,
    /// How it is written; found out when none.
    pub notation: Option<Notation>,
    /// What transactions are held to; the other models ignore it.
    pub level: Isolation,
    /// How long to search; only the linearizable models do.
    pub budget: Budget,
}

/// A verdict on a foreign history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it was judged as.
    pub model: ForeignModel,
    /// How many operations it has.
    pub operations: usize,
    /// The answer.
    pub verdict: Verdict,
    /// For transactions, the levels the history breaks, weakest first.
    pub broken_levels: Vec<Isolation>,
}

impl ForeignModel {
    /// Every model, in the order of the documentation.
    pub const ALL: [Self; 8] = [
        Self::Register,
        Self::CasRegister,
        Self::ListAppend,
        Self::RwRegister,
        Self::Queue,
        Self::TotalQueue,
        Self::Set,
        Self::Kv,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::ListAppend => "list-append",
            Self::RwRegister => "rw-register",
            Self::Queue => "queue",
            Self::TotalQueue => "total-queue",
            Self::Set => "set",
            Self::Kv => "kv",
        }
    }

    /// Whether it is about transactions, and so held to an isolation level.
    pub fn is_transactional(self) -> bool {
        matches!(self, Self::ListAppend | Self::RwRegister)
    }

    /// The model of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }
}

/// Reads a history and judges it.
///
/// # Errors
/// The first thing wrong with the text, with its place.
pub fn judge(text: &str, question: &Question) -> Result<Judgement, ForeignError> {
    let reader = match question.notation {
        Some(notation) => Reader::of(text, notation),
        None => Reader::new(text)?,
    };
    let (operations, verdict, broken_levels) = if question.model.is_transactional() {
        analyse(reader, question.model, question.level)?
    } else {
        let (operations, verdict) = judge_object(reader, question.model, question.budget)?;
        (operations, verdict, Vec::new())
    };
    Ok(Judgement {
        model: question.model,
        operations,
        verdict,
        broken_levels,
    })
}

fn judge_object(
    reader: Reader<'_>,
    model: ForeignModel,
    budget: Budget,
) -> Result<(usize, Verdict), ForeignError> {
    Ok(match model {
        ForeignModel::Register | ForeignModel::CasRegister | ForeignModel::Kv => {
            let words = RegisterWords {
                has_cas: model != ForeignModel::Register,
                is_keyed: model == ForeignModel::Kv,
            };
            let history = read_history(reader, &words)?;
            (
                history.len(),
                linearizability::check(&Registers::new(None), &history, budget),
            )
        }
        ForeignModel::Set => {
            let history = read_history(reader, &SetWords)?;
            (
                history.len(),
                linearizability::check(&Set::for_history(&history), &history, budget),
            )
        }
        ForeignModel::Queue => {
            let history = read_history(reader, &QueueWords)?;
            (
                history.len(),
                linearizability::check(&FifoQueue::for_history(&history), &history, budget),
            )
        }
        ForeignModel::TotalQueue => {
            let history = read_history(reader, &DeliveryWords)?;
            (history.len(), queue::check(&history, None))
        }
        ForeignModel::ListAppend | ForeignModel::RwRegister => {
            panic!("transactions are analysed, not compared with an object")
        }
    })
}

fn analyse(
    reader: Reader<'_>,
    model: ForeignModel,
    level: Isolation,
) -> Result<(usize, Verdict, Vec<Isolation>), ForeignError> {
    Ok(if model == ForeignModel::ListAppend {
        let history = read_history(reader, &ListWords)?;
        let report = list_append::analyse(&history, Limits::USUAL);
        (history.len(), report.verdict(level), report.broken_levels())
    } else {
        let history = read_history(reader, &RegisterTransactionWords)?;
        let reports = RegisterReports::of(&history);
        (
            history.len(),
            reports.verdict(level),
            reports.broken_levels(),
        )
    })
}

/// What registers show, by what may be taken for granted: a level is judged by what it implies itself, since
/// what a stronger one would say of the order of versions accuses no weaker one.
struct RegisterReports {
    /// Of each level below which more may be taken for granted, weakest first, with that level.
    by_level: Vec<(Isolation, Report)>,
}

impl RegisterReports {
    fn of(history: &RegisterHistory<Value, Value>) -> Self {
        let levels = [
            Isolation::ReadUncommitted,
            Isolation::ReadCommitted,
            Isolation::StrictSerializable,
        ];
        let report = |level| {
            let assumptions = Assumptions::implied_by(level);
            rw_register::analyse(history, &assumptions, Limits::USUAL)
        };
        Self {
            by_level: levels.map(|level| (level, report(level))).into(),
        }
    }

    fn verdict(&self, level: Isolation) -> Verdict {
        let mut own = self.by_level.iter().rev();
        let (_, report) = own
            .find(|(granting, _)| level.includes(*granting))
            .expect("every level includes the weakest");
        report.verdict(level)
    }

    fn broken_levels(&self) -> Vec<Isolation> {
        let broken = |level: &Isolation| matches!(self.verdict(*level), Verdict::Violated(_));
        Isolation::ALL.into_iter().filter(broken).collect()
    }
}
