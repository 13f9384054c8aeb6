//! What we sign, the reference libraries believe, and what they sign, we do; what one of us refuses,
//! all refuse.
//!
//! The libraries look at the machine's clock, so messages are dated around it, with ten seconds to spare
//! at the edges of the tolerance; the edges themselves stand in `vectors`.

use std::time::SystemTime;

use model::webhooks::signature::{Headers, Secret, TOLERANCE, sign, verify};
use serde_json::json;

use super::library::{LIBRARIES, installed};
use crate::ledger::no_server;

const BODY: &str = "{\"type\":\"asset.renamed\",\"timestamp\":7,\"data\":{\"asset\":\"Zoë ☃\"}}";

/// A message that somebody receives who knows one secret.
struct Case {
    name: &'static str,
    headers: Headers,
    body: &'static str,
    valid: bool,
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.expect("it is after 1970").as_secs();
    i64::try_from(seconds).expect("it is long before the end of time")
}

fn known() -> Secret {
    Secret::made_of("known")
}

fn signed(age: i64, secrets: &[&str]) -> Headers {
    let secrets: Vec<Secret> = secrets.iter().map(|name| Secret::made_of(name)).collect();
    Headers::signed("evt_1", now() - age, BODY, &secrets)
}

fn cases() -> Vec<Case> {
    let case = |name, headers, valid| Case {
        name,
        headers,
        body: BODY,
        valid,
    };
    let plain = || signed(0, &["known"]);
    vec![
        case("as it was signed", plain(), true),
        case("almost stale", signed(290, &["known"]), true),
        case("stale", signed(310, &["known"]), false),
        case("from a fast clock", signed(-290, &["known"]), true),
        case("from the future", signed(-310, &["known"]), false),
        case("signed by somebody else", signed(0, &["other"]), false),
        case(
            "rotated, the old secret known",
            signed(0, &["new", "known"]),
            true,
        ),
        case(
            "rotated, the new secret known",
            signed(0, &["known", "old"]),
            true,
        ),
        Case {
            body: "{\"type\":\"asset.renamed\",\"timestamp\":8,\"data\":{}}",
            ..case("tampered with", plain(), false)
        },
        Case {
            body: "{\"data\":{\"asset\":\"Zoë ☃\"},\"timestamp\":7,\"type\":\"asset.renamed\"}",
            ..case("parsed and written again", plain(), false)
        },
        case(
            "re-stamped",
            Headers {
                timestamp: now().to_string(),
                ..signed(310, &["known"])
            },
            false,
        ),
        case(
            "under another id",
            Headers {
                id: "evt_2".to_owned(),
                ..plain()
            },
            false,
        ),
        case(
            "of an unknown version only",
            Headers {
                signature: plain().signature.replace("v1,", "v9,"),
                ..plain()
            },
            false,
        ),
    ]
}

#[test]
fn what_we_sign_the_libraries_believe_and_what_we_refuse_they_refuse() {
    let folder = match installed() {
        Ok(folder) => folder,
        Err(why) => return no_server("webhooks::peers", why),
    };
    let cases = cases();
    let put = |it: &Case| {
        json!({ "verify": {
            "secret": known().text(), "id": it.headers.id, "timestamp": it.headers.timestamp,
            "signature": it.headers.signature, "body": it.body,
        } })
    };
    let questions: Vec<_> = cases.iter().map(put).collect();
    for case in &cases {
        let ours = verify(&case.headers, case.body, &[known()], now(), TOLERANCE);
        assert_eq!(ours.is_ok(), case.valid, "{}: we say {ours:?}", case.name);
    }
    for library in LIBRARIES {
        let answers = library.answers(folder, &questions);
        for (case, answer) in cases.iter().zip(answers) {
            assert_eq!(answer, case.valid, "{}: {library:?}", case.name);
        }
    }
}

#[test]
fn what_the_libraries_sign_we_believe_and_nobody_signs_otherwise() {
    let folder = match installed() {
        Ok(folder) => folder,
        Err(why) => return no_server("webhooks::peers", why),
    };
    let timestamp = now();
    let bodies = [BODY, "{}", "", "{ }", "{\"a\":\"\\u00e4\\n\"}"];
    let put = |body: &&str| {
        let secret = known().text();
        json!({ "sign": {
            "secret": secret, "id": "evt_1", "timestamp": timestamp.to_string(), "body": body,
        } })
    };
    let questions: Vec<_> = bodies.iter().map(put).collect();
    for library in LIBRARIES {
        let answers = library.answers(folder, &questions);
        for (body, answer) in bodies.iter().zip(answers) {
            let signature = answer.as_str().expect("a signature is a text");
            assert_eq!(
                signature,
                sign(&known(), "evt_1", timestamp, body),
                "{library:?}"
            );
            let headers = Headers {
                id: "evt_1".to_owned(),
                timestamp: timestamp.to_string(),
                signature: signature.to_owned(),
            };
            let verified = verify(&headers, body, &[known()], now(), TOLERANCE);
            assert_eq!(verified, Ok(()), "{library:?}: {body}");
        }
    }
}
