//! The `[system.incoming]` table of a scenario: who sends webhooks to Core, and who forges them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigError;
use crate::webhooks::incoming::Convention;
use crate::webhooks::schedule::Profile;
use crate::webhooks::signature::Secret;

/// Who tells Core of payments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IncomingConfig {
    /// How many accounts are paid into: `account-1` and so on. At least 1.
    #[serde(default = "four")]
    pub accounts: u32,
    /// The providers: `provider-1` and so on. At least one.
    pub providers: Vec<ProviderConfig>,
    /// How many messages an attacker forges who overhears all of them.
    #[serde(default)]
    pub forgeries: u32,
    /// The mean time between two forgeries, in milliseconds. At least 1.
    #[serde(default = "five_seconds")]
    pub forgery_every_ms: u64,
}

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// How it signs.
    pub convention: Convention,
    /// How many payments it tells of.
    pub payments: u32,
    /// The mean time between two payments, in milliseconds. At least 1.
    pub every_ms: u64,
    /// When it tries again.
    #[serde(default)]
    pub schedule: Profile,
}

fn four() -> u32 {
    4
}

fn five_seconds() -> u64 {
    5_000
}

impl IncomingConfig {
    /// The names of the providers.
    pub fn names(&self) -> Vec<String> {
        let numbers = 1..=self.providers.len();
        numbers.map(|number| format!("provider-{number}")).collect()
    }

    /// The names of the accounts.
    pub fn account_names(&self) -> Vec<String> {
        let numbers = 1..=self.accounts;
        numbers.map(|number| format!("account-{number}")).collect()
    }

    /// Checks that it can be built.
    ///
    /// # Errors
    /// The first impossible value.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let wrong = |key: String, message: &str| {
            Err(ConfigError {
                key: format!("system.incoming.{key}"),
                message: message.to_owned(),
            })
        };
        if self.providers.is_empty() {
            return wrong(
                "providers".into(),
                "nobody sends anything; name a provider or leave the table out",
            );
        }
        let spans = self.providers.iter().enumerate();
        let spans = spans.map(|(at, it)| (format!("providers[{at}].every_ms"), it.every_ms));
        let counts = [
            ("accounts".to_owned(), u64::from(self.accounts)),
            ("forgery_every_ms".to_owned(), self.forgery_every_ms),
        ];
        for (key, value) in counts.into_iter().chain(spans) {
            if value == 0 {
                return wrong(key, "0 is not possible here; give at least 1");
            }
        }
        Ok(())
    }
}

/// The secret that a provider of this name shares with Core.
///
/// # Panics
/// Never: the text is one that every convention takes.
pub fn secret_of(name: &str, convention: Convention) -> Secret {
    let text = Secret::made_of(&format!("secret of {name}")).text();
    let secret = convention.secret(&text);
    secret.expect("invariant: a secret's own text is a secret")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut IncomingConfig), expected: Option<&str>) {
        let mut config = IncomingConfig {
            accounts: 1,
            providers: vec![ProviderConfig {
                convention: Convention::Stripe,
                payments: 0,
                every_ms: 1,
                schedule: Profile::Course,
            }],
            forgeries: 0,
            forgery_every_ms: 1,
        };
        change(&mut config);
        let key = config.validate().err().map(|error| error.key);
        assert_eq!(key.as_deref(), expected);
    }

    #[test]
    fn impossible_providers_are_refused_by_key() {
        check(|_| (), None);
        check(|it| it.providers.clear(), Some("system.incoming.providers"));
        check(|it| it.accounts = 0, Some("system.incoming.accounts"));
        check(
            |it| it.forgery_every_ms = 0,
            Some("system.incoming.forgery_every_ms"),
        );
        check(
            |it| it.providers[0].every_ms = 0,
            Some("system.incoming.providers[0].every_ms"),
        );
    }
}
