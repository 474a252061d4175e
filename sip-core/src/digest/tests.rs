#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

const MUFASA: Account<'_> = Account {
    username: "Mufasa",
    password: "Circle Of Life",
};

/// RFC 2617 §3.5.
#[test]
fn the_example_of_rfc_2617() {
    let value = br#"Digest username="Mufasa", realm="testrealm@host.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", uri="/dir/index.html", qop=auth,
        nc=00000001, cnonce="0a4f113b", response="6629fae49393a05397450978507c4ef1",
        opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let credentials = Credentials::parse(value).unwrap();
    assert_eq!(credentials.algorithm, Algorithm::Md5);
    assert_eq!(credentials.protection.as_ref().unwrap().count, 1);
    assert!(credentials.are_of(MUFASA.password, Method::Other("GET"), b""));
    assert!(!credentials.are_of("circle of life", Method::Other("GET"), b""));
    assert!(!credentials.are_of(MUFASA.password, Method::Other("PUT"), b""));
}

/// RFC 7616 §3.9.1.
#[test]
fn the_examples_of_rfc_7616() {
    let account = Account {
        username: "Mufasa",
        password: "Circle of Life",
    };
    let request = Protected {
        method: Method::Other("GET"),
        uri: "/dir/index.html",
        body: b"",
    };
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let challenge = format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        );
        let challenge = Challenge::parse(challenge.as_bytes()).unwrap();
        let nonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let answer = challenge.answer(account, request, 1, nonce);
        assert!(answer.contains(response), "{answer}");
        let read = Credentials::parse(answer.as_bytes()).unwrap();
        assert!(read.are_of(account.password, request.method, b""));
        assert_eq!(read.opaque, challenge.opaque);
    }
}

#[test]
fn every_algorithm_and_protection_is_answered_as_it_is_checked() {
    let request = Protected {
        method: Method::Invite,
        uri: "sip:442079460000@198.51.100.1",
        body: b"v=0\r\n",
    };
    for algorithm in ["MD5", "SHA-256", "SHA-512-256"] {
        for qop in ["", ", qop=\"auth\"", ", qop=\"auth-int\""] {
            let value = format!("Digest realm=\"a\\\"b\", nonce=\"n\", algorithm={algorithm}{qop}");
            let challenge = Challenge::parse(value.as_bytes()).unwrap();
            assert_eq!(challenge.realm, "a\"b");
            let answer = challenge.answer(MUFASA, request, 7, "c");
            let read = Credentials::parse(answer.as_bytes()).unwrap();
            assert!(
                read.are_of(MUFASA.password, Method::Invite, request.body),
                "{answer}"
            );
            let with_other_body = read.are_of(MUFASA.password, Method::Invite, b"v=1\r\n");
            assert_eq!(with_other_body, !qop.contains("auth-int"), "{answer}");
        }
    }
}

#[test]
fn of_several_challenges_the_strongest_is_answered() {
    let values: [&[u8]; 4] = [
        b"Digest realm=\"r\", nonce=\"1\", algorithm=MD5, qop=\"auth\"",
        b"Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256, qop=\"auth\"",
        b"Digest realm=\"r\", nonce=\"3\", algorithm=AKAv1-MD5",
        b"Basic realm=\"r\"",
    ];
    let challenges = values.iter().filter_map(|value| Challenge::parse(value));
    assert_eq!(Challenge::best(challenges).unwrap().nonce, "2");
}

#[test]
fn a_challenge_of_ours_can_be_read() {
    let challenge = Challenge {
        realm: "didtron".to_owned(),
        nonce: "abc".to_owned(),
        opaque: None,
        algorithm: Algorithm::Sha256,
        protection: Some(Protection::Request),
        is_stale: true,
    };
    assert_eq!(
        Challenge::parse(challenge.to_value().as_bytes()),
        Some(challenge)
    );
}

#[test]
fn what_cannot_be_read_is_nothing() {
    let long = format!("Digest realm=\"{}\"", "x".repeat(VALUE_BYTES_MAX));
    for value in [
        "",
        "Digest",
        "Bearer abc",
        "Digest realm=\"r",
        "Digest realm=\"r\\",
        "Digest realm=r",
        "Digest nonce=n",
        "Digest realm=a, realm=b, nonce=n",
        "Digest realm=r, nonce=n, algorithm=ROT13",
        "Digest realm=r, nonce=n, qop=\"auth-conf\"",
        "Digest realm=r, nonce=n, username=u, uri=x, response=y, qop=auth, nc=1, cnonce=c",
        &long,
    ] {
        assert_eq!(Credentials::parse(value.as_bytes()), None, "{value}");
    }
    let commas = format!("Digest {}", "a=b,".repeat(40));
    assert_eq!(Challenge::parse(commas.as_bytes()), None);
}

#[test]
fn a_value_with_a_control_character_is_no_value() {
    let challenge = |nonce: &str| format!("Digest realm=\"r\", nonce={nonce}");
    for nonce in ["\"a\u{7f}b\"", "\"a\tb\"", "\u{7f}\"n\"", "\u{1}"] {
        assert_eq!(
            Challenge::parse(challenge(nonce).as_bytes()),
            None,
            "{nonce:?}"
        );
    }
    assert!(Challenge::parse(challenge("\"a b\"").as_bytes()).is_some());
}
