//! One call from text to verdict.

use super::error::ForeignError;
use super::event::read_history;
use super::objects::{DeliveryWords, QueueWords, RegisterWords, SetWords};
use super::reader::{Notation, Reader};
use super::transactions::{ListWords, RegisterTransactionWords};
use crate::checkers::linearizability::{
    self, Budget, queue::FifoQueue, register::Registers, set::Set,
};
use crate::checkers::queue;
use crate::checkers::transactions::{Isolation, Limits, Report, list_append, rw_register};
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
        let (operations, report) = analyse(reader, question.model)?;
        (
            operations,
            report.verdict(question.level),
            report.broken_levels(),
        )
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

fn analyse(reader: Reader<'_>, model: ForeignModel) -> Result<(usize, Report), ForeignError> {
    Ok(if model == ForeignModel::ListAppend {
        let history = read_history(reader, &ListWords)?;
        (history.len(), list_append::analyse(&history, Limits::USUAL))
    } else {
        let history = read_history(reader, &RegisterTransactionWords)?;
        let assumptions = rw_register::Assumptions::none();
        (
            history.len(),
            rw_register::analyse(&history, &assumptions, Limits::USUAL),
        )
    })
}
