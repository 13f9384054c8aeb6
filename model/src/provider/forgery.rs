//! Forgeries: what can be made of a message that was overheard, without its secret. A pure value.

use crate::webhooks::incoming::{Convention, HeaderMap};
use crate::webhooks::signature::Secret;

/// A message as it travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overheard {
    /// How it is signed.
    pub convention: Convention,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: String,
    /// When it was signed, in seconds since 1970.
    pub at: i64,
}

/// A way to forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgery {
    /// A larger amount under the same signature.
    Tampered,
    /// A message of the attacker's own, signed with a secret of the attacker's own.
    WrongSecret,
    /// A message of the attacker's own without any signature.
    Unsigned,
    /// The message as it was, at once or long after.
    Repeated,
    /// The message under a new time or, where there is none, a new id.
    Restamped,
}

/// Every way.
pub const FORGERIES: [Forgery; 5] = [
    Forgery::Tampered,
    Forgery::WrongSecret,
    Forgery::Unsigned,
    Forgery::Repeated,
    Forgery::Restamped,
];

impl Forgery {
    /// As records name it.
    pub fn name(self) -> &'static str {
        match self {
            Forgery::Tampered => "tampered",
            Forgery::WrongSecret => "wrong_secret",
            Forgery::Unsigned => "unsigned",
            Forgery::Repeated => "repeated",
            Forgery::Restamped => "restamped",
        }
    }

    /// The forged message, at that time and with a number that makes it new.
    pub fn of(self, overheard: &Overheard, now: i64, number: u32) -> (HeaderMap, String) {
        let convention = overheard.convention;
        let (mut headers, body) = (overheard.headers.clone(), overheard.body.clone());
        match self {
            Forgery::Repeated => (headers, body),
            Forgery::Tampered => (headers, body.replace("\"amount\": ", "\"amount\": 9")),
            Forgery::WrongSecret | Forgery::Unsigned => {
                let id = format!("evt_forged_{number}");
                let body = body.replace("\"id\": \"", &format!("\"id\": \"{id}_"));
                let own = Secret::made_of("the attacker's own");
                headers = convention.signed(&id, now, &body, &own);
                if self == Forgery::Unsigned {
                    headers.remove(convention.signature_header());
                }
                (headers, body)
            }
            Forgery::Restamped => {
                restamp(&mut headers, overheard, now, number);
                (headers, body)
            }
        }
    }

    /// Whether nobody may believe it, so long after it was overheard, in seconds. Only what was signed so
    /// may be believed, and then it must not take effect again.
    pub fn must_be_refused(self, convention: Convention, age: i64) -> bool {
        match self {
            Forgery::Tampered | Forgery::WrongSecret | Forgery::Unsigned => true,
            // The same time over again is the same message.
            Forgery::Restamped => convention.is_stamped() && age > 0,
            Forgery::Repeated => convention.is_stamped() && age > OLD,
        }
    }
}

/// Older than anybody tolerates, the way to Core and clocks that differ included; in seconds.
const OLD: i64 = 330;

fn restamp(headers: &mut HeaderMap, overheard: &Overheard, now: i64, number: u32) {
    let then = overheard.at.to_string();
    match overheard.convention {
        Convention::StandardWebhooks => {
            headers.insert("webhook-timestamp".into(), now.to_string());
        }
        Convention::Stripe => {
            for value in headers.values_mut() {
                *value = value.replacen(&format!("t={then}"), &format!("t={now}"), 1);
            }
        }
        Convention::Github => {
            headers.insert("x-github-delivery".into(), format!("another-{number}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::config::secret_of;
    use crate::webhooks::signature::TOLERANCE;

    const THEN: i64 = 1_700_000_000;

    /// Whether each forgery is believed so long after, as its convention has it.
    #[track_caller]
    fn check(convention: Convention, age: i64, expected: [bool; 5]) {
        let secret = secret_of("provider-1", convention);
        let payment = crate::provider::payment::Payment {
            id: "evt_1".into(),
            account: "account-1".into(),
            amount: 5,
        };
        let body = payment.body();
        let overheard = Overheard {
            convention,
            headers: convention.signed("evt_1", THEN, &body, &secret),
            body,
            at: THEN,
        };
        let now = THEN + age;
        let believed = FORGERIES.map(|forgery| {
            let (headers, body) = forgery.of(&overheard, now, 1);
            let secrets = std::slice::from_ref(&secret);
            let believed = convention.believe(&headers, &body, secrets, now, TOLERANCE);
            let is_believed = believed.is_ok();
            let refused = forgery.must_be_refused(convention, age);
            assert!(!(is_believed && refused), "{forgery:?} at {age}");
            is_believed
        });
        assert_eq!(believed, expected, "{convention:?} after {age} s");
    }

    #[test]
    fn only_what_was_signed_so_is_believed() {
        for convention in [Convention::StandardWebhooks, Convention::Stripe] {
            check(convention, 0, [false, false, false, true, true]);
            check(convention, 200, [false, false, false, true, false]);
            check(convention, 400, [false, false, false, false, false]);
        }
        for age in [0, 200, 400] {
            let expected = [false, false, false, true, true];
            check(Convention::Github, age, expected);
        }
    }
}
