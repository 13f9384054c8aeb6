//! A run as Prometheus and its tools read it.
//!
//! What a run measured becomes a text exposition ([`exposition`]), the rules that watched it become
//! a rule file ([`rules`]), and what was scraped of it becomes a unit test of those rules
//! ([`rule_tests`]): with `promtool` anybody can put our evaluation beside the real one. Rule files
//! and their tests are YAML to Prometheus; they are written as JSON, which is YAML too. How names
//! are translated stands in [`names`]. Nothing here evaluates a rule.

pub mod exposition;
pub mod names;
pub mod rule_tests;
pub mod rules;

#[cfg(test)]
mod tests;
