//! LOAD-2024-001 as a mechanism: the figures come from the cause, and go with it.

/// What each action does, the harmful ones included.
mod actions;

/// The briefing's figures, from every cause; and that they come and go with it.
mod figures;
