//! Each provider's convention with a message it accepts and what it refuses; and the memory of ids.

use super::*;
use crate::webhooks::signature::TOLERANCE;

const NOW: i64 = 1_700_000_000;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let owned = pairs
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    owned.collect()
}

#[track_caller]
fn check(
    convention: Convention,
    secret: &str,
    pairs: &[(&str, &str)],
    body: &str,
    expected: Result<&str, Refusal>,
) {
    let secrets = [convention
        .secret(secret)
        .expect("the cases' secrets are secrets")];
    let believed = convention.believe(&headers(pairs), body, &secrets, NOW, TOLERANCE);
    assert_eq!(believed.as_deref(), expected.as_deref(), "{pairs:?} {body}");
}

const FORGED: Result<&str, Refusal> = Err(Refusal::Unverified(Unverified::NoSignatureFits));

#[test]
fn github_signs_the_body_and_nothing_else() {
    // The example of GitHub's own documentation on validating deliveries.
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    const SECRET: &str = "It's a Secret to Everybody";
    let of = |id, signature| {
        [
            ("x-github-delivery", id),
            ("x-hub-signature-256", signature),
        ]
    };
    let github = Convention::Github;
    let body = "Hello, World!";
    check(github, SECRET, &of("1", SIGNATURE), body, Ok("1"));
    check(github, SECRET, &of("2", SIGNATURE), body, Ok("2"));
    check(github, SECRET, &of("1", SIGNATURE), "Hello, World", FORGED);
    check(github, "another", &of("1", SIGNATURE), body, FORGED);
    check(github, SECRET, &of("1", &SIGNATURE[7..]), body, FORGED);
    check(github, SECRET, &of("1", "sha256=75z1"), body, FORGED);
    let unsigned = Err(Refusal::Missing("x-hub-signature-256"));
    check(github, SECRET, &of("1", SIGNATURE)[..1], body, unsigned);
}

/// What Stripe would send: its timestamp, a signature over it and the body, and another of a scheme
/// that nobody knows.
fn stripe_header(secret: &str, timestamp: i64, body: &str) -> String {
    let key = Convention::Stripe.secret(secret).unwrap();
    let made = Convention::Stripe.signed("", timestamp, body, &key);
    format!("{},v0=00", made["stripe-signature"])
}

#[test]
fn stripes_signature_is_an_hmac_of_time_dot_body_in_hex() {
    // Computed by Python's `hmac` over `1700000000.{"id":"evt_9"}`.
    const TAG: &str = "2a05649d56754c72076cc40c5e504e2e562174c7a72cb5eb3207f7b4b61416ba";
    let header = stripe_header("whsec_test", NOW, "{\"id\":\"evt_9\"}");
    assert_eq!(header, format!("t={NOW},v1={TAG},v0=00"));
}

#[test]
fn stripe_signs_timestamp_and_body_and_names_the_event_within() {
    const SECRET: &str = "whsec_test";
    let body = "{\"id\":\"evt_9\"}";
    let sent = |timestamp, body| stripe_header(SECRET, timestamp, body);
    let checked = |header: &str, body: &str, expected| {
        let pairs = [("stripe-signature", header)];
        check(Convention::Stripe, SECRET, &pairs, body, expected);
    };
    checked(&sent(NOW, body), body, Ok("evt_9"));
    checked(&sent(NOW - 300, body), body, Ok("evt_9"));
    checked(&sent(NOW, body), "{\"id\":\"evt_8\"}", FORGED);
    checked("v1=00", body, Err(Unverified::NoTimestamp.into()));
    checked(&sent(NOW - 301, body), body, Err(Unverified::TooOld.into()));
    let restamped = sent(NOW - 301, body).replace(&(NOW - 301).to_string(), &NOW.to_string());
    checked(&restamped, body, FORGED);
    checked(&sent(NOW, "{}"), "{}", Err(Refusal::Missing("id")));
}

#[test]
fn the_standard_signs_id_timestamp_and_body() {
    let convention = Convention::StandardWebhooks;
    let secret = Secret::made_of("a");
    let made = Headers::signed("evt_1", NOW, "{}", std::slice::from_ref(&secret));
    let pairs = [
        ("webhook-id", made.id.as_str()),
        ("webhook-timestamp", made.timestamp.as_str()),
        ("webhook-signature", made.signature.as_str()),
    ];
    check(convention, &secret.text(), &pairs, "{}", Ok("evt_1"));
    check(convention, &secret.text(), &pairs, "{ }", FORGED);
    let missing = Err(Refusal::Missing("webhook-id"));
    check(convention, &secret.text(), &pairs[1..], "{}", missing);
    assert!(convention.secret("%").is_err() && Convention::Github.secret("").is_err());
}

#[test]
fn what_a_sender_signs_is_believed_and_remembered_by_what_is_signed() {
    let body = "{\"id\": \"evt_1\"}";
    for convention in [
        Convention::StandardWebhooks,
        Convention::Github,
        Convention::Stripe,
    ] {
        let secret = convention.secret(&Secret::made_of("a").text()).unwrap();
        let headers = convention.signed("evt_1", NOW, body, &secret);
        let believe = |headers: &HeaderMap, now| {
            let secrets = std::slice::from_ref(&secret);
            convention.believe(headers, body, secrets, now, TOLERANCE)
        };
        assert_eq!(believe(&headers, NOW).as_deref(), Ok("evt_1"));
        assert_eq!(
            believe(&headers, NOW + 301).is_err(),
            convention.is_stamped()
        );
        let mut unsigned = headers.clone();
        unsigned.remove(convention.signature_header());
        let missing = Refusal::Missing(convention.signature_header());
        assert_eq!(believe(&unsigned, NOW), Err(missing));
        let renamed = convention.once_by("evt_2", body) != convention.once_by("evt_1", body);
        assert_eq!(renamed, convention != Convention::Github, "{convention:?}");
    }
}

#[test]
fn a_message_is_processed_once_for_as_long_as_it_is_remembered() {
    let mut inbox = Inbox::keeping(Duration::from_secs(100));
    assert_eq!(inbox.arrive("a", 0), Arrival::First);
    assert_eq!(inbox.arrive("a", 1), Arrival::UnderWay);
    assert_eq!(inbox.arrive("b", 1), Arrival::First);
    inbox.done("a", 5);
    assert_eq!(inbox.arrive("a", 105), Arrival::Repeated);
    assert_eq!(inbox.arrive("a", 106), Arrival::First, "forgotten");
    inbox.failed("b");
    assert_eq!(inbox.arrive("b", 2), Arrival::First, "given back");
    assert_eq!(
        inbox.arrive("b", 1_000),
        Arrival::UnderWay,
        "work is not forgotten"
    );
    inbox.done("a", 1_000);
    inbox.restarted();
    let known = ["a", "b"].map(|id| inbox.arrive(id, 1_001));
    assert_eq!(
        known,
        [Arrival::Repeated, Arrival::First],
        "it died with its process"
    );
}
