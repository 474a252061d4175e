//! What of the customer's INVITE goes on to a carrier, and what becomes of the carrier's refusal.

use crate::support::{AURORA, CUSTOMER, Caller, Sent, Setup, Switch, offer, reply};
use routing_engine::resources::{
    AddedHeader, AssertedIdentity, DiversionPolicy, FailoverCode, HeaderRewrite, IdentityPolicy,
    PrivacyPolicy, ResponseRule, Trunk,
};

/// The INVITE that a carrier gets of one with these lines.
fn invite_with(extra: &str, ingress: fn(&mut Trunk), aurora: fn(&mut Trunk)) -> Sent {
    let mut switch = Switch::with(&Setup {
        ingress_trunk: ingress,
        aurora_trunk: aurora,
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    caller.extra = extra.to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 486, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    switch.assert_at_rest();
    invite
}

fn values(invite: &Sent, name: &str) -> Vec<String> {
    let message = invite.parsed();
    let fields = message.headers();
    fields
        .filter(|field| field.raw_name.eq_ignore_ascii_case(name))
        .map(|field| String::from_utf8(field.raw_value.to_vec()).unwrap())
        .collect()
}

const EVERYTHING: &str = "X-Site: berlin\r\nX-Secret: 7\r\nUser-To-User: 00c8\r\n\
     P-Asserted-Identity: \"A, B\" <sip:+441134960001@10.0.0.5>\r\nPrivacy: id;critical\r\n\
     Diversion: <sip:441134960002@10.0.0.5>;reason=no-answer, <sip:441134960003@10.0.0.5>\r\n\
     History-Info: <sip:441134960004@10.0.0.5?Reason=SIP%3Bcause%3D486>;index=1\r\n";

#[test]
fn nothing_passes_unless_both_trunks_say_so() {
    let passing: fn(&mut Trunk) = |trunk| {
        trunk.headers.pass = vec!["X-*".into(), "User-To-User".into()];
        trunk.identity = ALL;
    };
    let nothing: fn(&mut Trunk) = |_| {};
    for (ingress, aurora) in [(nothing, nothing), (passing, nothing), (nothing, passing)] {
        let invite = invite_with(EVERYTHING, ingress, aurora);
        for name in [
            "X-Site",
            "User-To-User",
            "Diversion",
            "History-Info",
            "Privacy",
        ] {
            assert_eq!(values(&invite, name), Vec::<String>::new(), "{name}");
        }
        assert!(!invite.text.contains("441134960001"), "{}", invite.text);
    }
}

const ALL: IdentityPolicy = IdentityPolicy {
    asserted: AssertedIdentity::PAssertedIdentity,
    trusts_from: false,
    privacy: PrivacyPolicy::Respect,
    diversion: DiversionPolicy::Diversion,
};

#[test]
fn fields_pass_are_dropped_rewritten_and_added() {
    let invite = invite_with(
        EVERYTHING,
        |trunk| {
            trunk.headers.pass = vec!["X-*".into(), "User-To-User".into()];
            trunk.headers.drop = vec!["X-Secret".into()];
        },
        |trunk| {
            trunk.headers.pass = vec!["X-*".into()];
            trunk.headers.rewrite = vec![HeaderRewrite {
                name: "x-site".into(),
                find: "berlin".into(),
                replace: "site-1".into(),
            }];
            trunk.headers.add = vec![AddedHeader {
                name: "X-Account".into(),
                value: "4711".into(),
            }];
        },
    );
    assert_eq!(values(&invite, "X-Site"), ["site-1"]);
    assert_eq!(values(&invite, "X-Account"), ["4711"]);
    for name in ["X-Secret", "User-To-User"] {
        assert_eq!(values(&invite, name), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn an_asserted_number_is_sent_with_our_host_and_privacy_hides_from() {
    let trusted: fn(&mut Trunk) = |trunk| trunk.identity = ALL;
    let invite = invite_with(EVERYTHING, trusted, trusted);
    assert_eq!(
        values(&invite, "P-Asserted-Identity"),
        ["<sip:+441134960001@198.51.100.1:5060>"]
    );
    assert_eq!(values(&invite, "Privacy"), ["id"]);
    assert!(values(&invite, "From")[0].starts_with("<sip:anonymous@anonymous.invalid>"));
    assert!(!invite.text.contains("10.0.0.5"), "no host of the customer");

    let untrusted = invite_with(EVERYTHING, trusted, |trunk| {
        trunk.identity.privacy = PrivacyPolicy::Respect;
    });
    assert!(
        !untrusted.text.contains("441134960001"),
        "{}",
        untrusted.text
    );
    assert!(
        !untrusted.text.contains("441132960000"),
        "{}",
        untrusted.text
    );

    let open = invite_with("Privacy: none\r\n", trusted, |trunk| {
        trunk.identity.asserted = AssertedIdentity::RemotePartyId;
    });
    let value = "<sip:441132960000@198.51.100.1:5060>;party=calling;screen=no;privacy=off";
    assert_eq!(
        values(&open, "Remote-Party-ID"),
        [value],
        "From stands for the caller, and nobody has verified it"
    );
}

#[test]
fn from_is_asserted_only_where_the_customers_trunk_vouches_for_it() {
    let asserting: fn(&mut Trunk) = |trunk| trunk.identity.asserted = AssertedIdentity::Both;
    let unverified = invite_with("", |_| {}, asserting);
    let nobody = Vec::<String>::new();
    assert_eq!(values(&unverified, "P-Asserted-Identity"), nobody);
    assert!(values(&unverified, "Remote-Party-ID")[0].contains("screen=no"));
    let vouched = invite_with("", |trunk| trunk.identity.trusts_from = true, asserting);
    assert_eq!(
        values(&vouched, "P-Asserted-Identity"),
        ["<sip:441132960000@198.51.100.1:5060>"]
    );
    assert!(values(&vouched, "Remote-Party-ID")[0].contains("screen=yes"));
}

#[test]
fn an_asserted_number_is_translated_as_the_calling_number_is() {
    let invite = invite_with(
        EVERYTHING,
        |trunk| {
            trunk.identity.asserted = AssertedIdentity::PAssertedIdentity;
            trunk.calling_number.strip_prefix = "+".into();
        },
        |trunk| {
            trunk.identity.asserted = AssertedIdentity::PAssertedIdentity;
            trunk.calling_number.strip_prefix = "44".into();
            trunk.calling_number.add_prefix = "0".into();
        },
    );
    assert_eq!(
        values(&invite, "P-Asserted-Identity"),
        ["<sip:01134960001@198.51.100.1:5060>"]
    );
}

#[test]
fn what_the_decision_refuses_is_mapped_by_the_customers_trunk() {
    let mut switch = Switch::with(&Setup {
        ingress_trunk: |trunk| {
            trunk.responses = vec![ResponseRule {
                from: FailoverCode::Code(404),
                to: 503,
            }];
        },
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    caller.called = "8825551234".to_owned();
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "503 INVITE");
    let release = &switch.record().release;
    assert_eq!(release.sip_status, 503);
    assert_eq!(release.q850_cause, 3, "the cause is what it was");
    switch.assert_at_rest();
}

#[test]
fn a_number_that_came_with_privacy_never_leaves_without_it() {
    let asserting: fn(&mut Trunk) = |trunk| trunk.identity.asserted = AssertedIdentity::Both;
    let invite = invite_with(EVERYTHING, asserting, asserting);
    assert_eq!(values(&invite, "Privacy"), ["id"]);
    let value = "<sip:+441134960001@198.51.100.1:5060>;party=calling;screen=yes;privacy=full";
    assert_eq!(values(&invite, "Remote-Party-ID"), [value]);
}

#[test]
fn diversions_are_told_in_the_field_that_the_carrier_wants() {
    let invite = invite_with(
        EVERYTHING,
        |trunk| trunk.identity.diversion = DiversionPolicy::Diversion,
        |trunk| trunk.identity.diversion = DiversionPolicy::HistoryInfo,
    );
    let host = "198.51.100.1:5060";
    assert_eq!(
        values(&invite, "History-Info"),
        [
            format!("<sip:441134960003@{host}?Reason=SIP%3Bcause%3D404>;index=1"),
            format!("<sip:441134960002@{host}?Reason=SIP%3Bcause%3D408>;index=1.1"),
            format!("<sip:442071234567@{host}>;index=1.1.1"),
        ],
        "the first target first"
    );
    let invite = invite_with(
        EVERYTHING,
        |trunk| trunk.identity.diversion = DiversionPolicy::HistoryInfo,
        |trunk| trunk.identity.diversion = DiversionPolicy::Diversion,
    );
    let expected = format!("<sip:441134960004@{host}>;reason=user-busy");
    assert_eq!(values(&invite, "Diversion"), [expected]);
}

#[test]
fn a_history_names_who_diverted_by_either_way_of_writing_and_not_who_is_called() {
    let to_diversion = |history: &str| {
        let invite = invite_with(
            history,
            |trunk| trunk.identity.diversion = DiversionPolicy::HistoryInfo,
            |trunk| trunk.identity.diversion = DiversionPolicy::Diversion,
        );
        values(&invite, "Diversion")
    };
    let last_first = [
        "<sip:441134960002@198.51.100.1:5060>;reason=no-answer",
        "<sip:441134960001@198.51.100.1:5060>;reason=unconditional",
    ];
    let by_reason = "History-Info: \
        <sip:441134960001@10.0.0.5?Reason=SIP%3bcause%3D302>;index=1, \
        <sip:441134960002@10.0.0.5?Reason=SIP%3Bcause%3D408>;index=1.1, \
        <sip:442071234567@10.0.0.5>;index=1.1.1\r\n";
    assert_eq!(to_diversion(by_reason), last_first);
    let by_successor = "History-Info: <sip:441134960001@10.0.0.5>;index=1\r\n\
        History-Info: <sip:441134960002@10.0.0.5;cause=302>;index=1.1\r\n\
        History-Info: <sip:442071234567@10.0.0.5;cause=408>;index=1.1.1\r\n";
    assert_eq!(to_diversion(by_successor), last_first);
    let undiverted = "History-Info: <sip:442071234567@10.0.0.5>;index=1\r\n";
    assert_eq!(to_diversion(undiverted), Vec::<String>::new());
}

#[test]
fn hostile_values_are_neither_numbers_nor_passed() {
    let long = format!("X-Long: {}\r\n", "a".repeat(1_025));
    let fields = (0..40).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    let hostile = format!(
        "{long}P-Asserted-Identity: <sip:1%0d%0aX@h>, nonsense, <sip:@h>\r\nDiversion: \"<sip:5\r\n{fields}"
    );
    let pass: fn(&mut Trunk) = |trunk| {
        trunk.headers.pass = vec!["X-*".into()];
        trunk.identity = ALL;
    };
    let invite = invite_with(&hostile, pass, pass);
    assert_eq!(values(&invite, "X-Long"), Vec::<String>::new());
    assert_eq!(values(&invite, "Diversion"), Vec::<String>::new());
    let nobody = Vec::<String>::new();
    assert_eq!(
        values(&invite, "P-Asserted-Identity"),
        nobody,
        "only From is left, and nobody vouches for it"
    );
    let message = invite.parsed();
    let passed = message
        .headers()
        .filter(|field| field.raw_name.starts_with("X-"));
    assert_eq!(passed.count(), 32);
}

#[test]
fn a_carriers_refusal_is_mapped_by_its_trunk_and_then_by_the_customers() {
    let mut switch = Switch::with(&Setup {
        aurora_trunk: |trunk| {
            trunk.responses = vec![ResponseRule {
                from: FailoverCode::Code(404),
                to: 480,
            }];
        },
        ingress_trunk: |trunk| {
            trunk.responses = vec![ResponseRule {
                from: FailoverCode::Code(480),
                to: 486,
            }];
        },
        ..Setup::default()
    });
    let mut caller = Caller::new("call-1");
    switch.receive(CUSTOMER, &caller.invite(Some(&offer("192.0.2.10", 4000))));
    switch.expect(CUSTOMER, "100 INVITE");
    let invite = switch.expect(AURORA, "INVITE");
    switch.receive(AURORA, &reply(&invite, 404, None));
    switch.expect(AURORA, "ACK");
    switch.expect(CUSTOMER, "486 INVITE");
    let record = switch.record();
    assert_eq!(record.release.sip_status, 486);
    assert_eq!(
        record.attempts[0].release.sip_status, 404,
        "the record keeps what came"
    );
    switch.assert_at_rest();
}
