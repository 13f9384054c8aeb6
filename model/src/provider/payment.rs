//! A payment, as a provider tells of it and as Core reads it.

use serde::{Deserialize, Serialize};

/// That somebody paid into an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Payment {
    /// The event's id, the provider's own.
    pub id: String,
    /// The account paid into.
    pub account: String,
    /// How much, in cents.
    pub amount: i64,
}

impl Payment {
    /// The message. It has spaces, as many services' have: who parses it and writes it again has other
    /// bytes, which no signature fits.
    pub fn body(&self) -> String {
        let Payment {
            id,
            account,
            amount,
        } = self;
        format!(
            r#"{{"id": "{id}", "type": "payment.received", "account": "{account}", "amount": {amount}}}"#
        )
    }

    /// Reads a message; nothing when it is none of a payment.
    pub fn read(body: &str) -> Option<Payment> {
        serde_json::from_str(body).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_reads_back_from_its_message_and_not_from_another() {
        let payment = Payment {
            id: "evt_1".into(),
            account: "account-2".into(),
            amount: 1_250,
        };
        let body = payment.body();
        assert_eq!(Payment::read(&body), Some(payment));
        let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_ne!(parsed.to_string(), body, "its bytes are its own");
        for other in [
            "",
            "{}",
            r#"{"id": "evt_1", "account": "a", "amount": "1"}"#,
        ] {
            assert_eq!(Payment::read(other), None, "{other}");
        }
    }
}
