#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::super::testing::Authenticator;
use super::*;

const ORIGIN: &str = "https://switch.example.com";
const HANDLE: [u8; HANDLE_BYTES] = [7; HANDLE_BYTES];

fn party() -> RelyingParty {
    RelyingParty::of_public_url(ORIGIN).unwrap()
}

fn register(authenticator: &mut Authenticator) -> StoredPasskey {
    let begun = party()
        .begin_registration(HANDLE, "ann@example.com", &[])
        .unwrap();
    let answer = authenticator.create(&begun.options);
    party().finish_registration(&begun.state, &answer).unwrap()
}

#[test]
fn a_registered_passkey_signs_in_without_a_name() {
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    let passkey = register(&mut authenticator);
    let begun = party().begin_discovery().unwrap();
    let answer = Discovered::read(&authenticator.get(&begun.options)).unwrap();
    assert_eq!(answer.credential_id, passkey.credential_id);
    let state = party()
        .finish_discovery(&begun.state, &answer, &passkey, HANDLE)
        .unwrap();
    assert_ne!(state, passkey.dynamic_state, "the counter went on");
    let other = [8; HANDLE_BYTES];
    let refused = party().finish_discovery(&begun.state, &answer, &passkey, other);
    assert!(
        matches!(refused, Err(PasskeyError::Refused(_))),
        "of another user"
    );
}

/// What `tamper` does to the authenticator makes its answer void.
fn refused_after(tamper: impl Fn(&mut Authenticator)) -> bool {
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    authenticator.counter = 5;
    let passkey = register(&mut authenticator);
    let begun = party().begin_discovery().unwrap();
    tamper(&mut authenticator);
    let answer = Discovered::read(&authenticator.get(&begun.options)).unwrap();
    let finished = party().finish_discovery(&begun.state, &answer, &passkey, HANDLE);
    matches!(finished, Err(PasskeyError::Refused(_)))
}

#[test]
fn answers_that_prove_too_little_are_refused() {
    assert!(!refused_after(|_| {}));
    let phishing = |authenticator: &mut Authenticator| {
        authenticator.origin = "https://switch.example.net".into();
    };
    assert!(refused_after(phishing), "another site's page");
    assert!(
        refused_after(|a| a.flags_cleared = 0b100),
        "nobody verified the user"
    );
    assert!(
        refused_after(|a| a.flags_cleared = 0b101),
        "nobody was there"
    );
    assert!(
        refused_after(|a| a.counter = 1),
        "a copy with an older counter"
    );
}

#[test]
fn an_answer_to_another_challenge_or_by_another_key_is_refused() {
    let mut authenticator = Authenticator::new(ORIGIN, 1);
    let passkey = register(&mut authenticator);
    let (first, second) = (
        party().begin_discovery().unwrap(),
        party().begin_discovery().unwrap(),
    );
    let replayed = Discovered::read(&authenticator.get(&first.options)).unwrap();
    let finished = party().finish_discovery(&second.state, &replayed, &passkey, HANDLE);
    assert!(matches!(finished, Err(PasskeyError::Refused(_))));
    let mut forger = Authenticator::new(ORIGIN, 2);
    let others = register(&mut forger);
    let forged = StoredPasskey {
        static_state: others.static_state,
        ..passkey
    };
    let answer = Discovered::read(&authenticator.get(&second.options)).unwrap();
    let finished = party().finish_discovery(&second.state, &answer, &forged, HANDLE);
    assert!(matches!(finished, Err(PasskeyError::Refused(_))));
}

#[test]
fn a_registration_from_another_page_is_refused_and_nonsense_is_no_answer() {
    let begun = party().begin_registration(HANDLE, "ann", &[]).unwrap();
    let mut phisher = Authenticator::new("https://evil.example", 1);
    let answer = phisher.create(&begun.options);
    let finished = party().finish_registration(&begun.state, &answer);
    assert!(matches!(finished, Err(PasskeyError::Refused(_))));
    for nonsense in [serde_json::json!({}), serde_json::json!("x"), answer] {
        assert!(Discovered::read(&nonsense).is_err());
    }
}

#[test]
fn the_public_address_gives_the_domain() {
    let party = RelyingParty::of_public_url("http://localhost:8080/").unwrap();
    assert_eq!(
        (party.domain(), party.origin.as_str()),
        ("localhost", "http://localhost:8080")
    );
    for wrong in [
        "",
        "https://",
        "https://exämple.com",
        "https://[::1]:80",
        "http://127.0.0.1:80",
    ] {
        assert!(RelyingParty::of_public_url(wrong).is_err(), "{wrong}");
    }
}
