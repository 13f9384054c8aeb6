//! What a provider is asked at the end of a run.

use sim::network::{Payload, Request};

use super::payment::Payment;

/// What it has told of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListPayments;

/// A payment and how far telling of it has come.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Told {
    /// The payment.
    pub payment: Payment,
    /// Where it is.
    pub state: ToldState,
}

/// How far telling of a payment has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToldState {
    /// It is tried, or will be tried again.
    Open,
    /// Core has said that it has it.
    Acknowledged,
    /// It was tried as often as the schedule says.
    GivenUp,
}

/// All of them, in the order of the payments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payments(pub Vec<Told>);

impl ToldState {
    /// As records name it.
    pub fn name(self) -> &'static str {
        match self {
            ToldState::Open => "open",
            ToldState::Acknowledged => "acknowledged",
            ToldState::GivenUp => "given_up",
        }
    }
}

impl Payload for ListPayments {}
impl Payload for Payments {}
impl Request for ListPayments {
    type Response = Payments;
}
