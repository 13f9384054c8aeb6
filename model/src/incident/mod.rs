//! LOAD-2024-001: an incident as a mechanism, whose figures follow from a cause that runs.
//!
//! What is simulated, event by event: requests that arrive and lose patience, one shared pool of connections
//! with its queue, verification workers and what each item makes them wait for, webhook deliveries, the
//! components that can go wrong, an operator's actions with the time they take, and the books of every item,
//! delivery and audit entry. What is not: networks, disks, crashes and the Ledger's engine, which have
//! their own scenarios; a statement here is a span for which a connection is held. That is what makes
//! three simulated hours with over a hundred thousand verifications a matter of a fraction of a second, so that a
//! grade can afford to ask "and without this cause?" some twenty times.
//!
//! Why one cause gives all the figures: whatever takes the connections away leaves a few for everybody. The
//! wait for one then grows until so many give up, and closed loops turn so slowly, that demand meets
//! what is left. A verification needs four connections one after the other, so its rate falls tenfold;
//! requests have patience of different length, so about an eighth of them fail; deliveries fall behind a
//! little each minute.
//!
//! Start at [`case`] (what a seed hides) and [`episode`] (warm-up, hand-over, what follows). [`cause`] and
//! [`action`] are the catalogues, [`settings`] what can be changed, [`plant`] the simulation with its
//! [`pool`], [`lane`]s (components in trouble), [`books`] and [`telemetry`]; [`stability`] says when it is over,
//! [`policies`] what an expert does. [`chance`] names draws by their cause.

pub mod case;
pub mod cause;
pub mod chance;

pub mod action;
pub mod settings;

pub mod books;
pub mod lane;
pub mod plant;
pub mod pool;
pub mod telemetry;

pub mod episode;
pub mod policies;
pub mod stability;
