//! Tickets, and the shard that they lead to.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;
use sip_core::ticket::TICKET_CHARS;
use sip_core::{Limits, Message, Ticket, TicketKey, owner_beside, owner_of};
use std::collections::HashSet;

fn key() -> TicketKey {
    TicketKey::new([7; 16])
}

const TICKET: Ticket = Ticket {
    shard: 3,
    slot: 123_456,
    generation: 99,
    discriminator: 2,
};

proptest! {
    #[test]
    fn a_ticket_survives_writing_and_reading(
        shard: u16, slot: u32, generation: u32, discriminator: u16, key: [u8; 16]
    ) {
        let ticket = Ticket { shard, slot, generation, discriminator };
        let key = TicketKey::new(key);
        let text = key.write(ticket);
        prop_assert_eq!(text.len(), TICKET_CHARS);
        prop_assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        prop_assert_eq!(key.read(&text), Some(ticket));
        let branch = key.write_branch(ticket);
        prop_assert_eq!(key.read_branch(&branch), Some(ticket));
    }

    #[test]
    fn any_text_is_read_without_harm(text in ".*") {
        prop_assert_eq!(key().read(&text), None);
        prop_assert_eq!(key().read_branch(&text), None);
    }

    #[test]
    fn a_made_up_ticket_is_nothing(text in "[a-z2-7]{28}") {
        prop_assert_eq!(key().read(&text), None);
    }
}

#[test]
fn every_single_change_is_noticed() {
    let text = key().write(TICKET);
    for at in 0..text.len() {
        for other in "abcdefghijklmnopqrstuvwxyz234567".chars() {
            let mut forged: Vec<char> = text.chars().collect();
            if std::mem::replace(&mut forged[at], other) != other {
                let forged: String = forged.into_iter().collect();
                assert_eq!(key().read(&forged), None, "{forged}");
            }
        }
    }
    assert_eq!(key().read(&text.to_uppercase()), None);
    assert_eq!(key().read(&format!("{}x", text.as_str())), None);
    assert_eq!(key().read(&text[1..]), None);
}

#[test]
fn a_ticket_of_another_run_is_nothing() {
    let text = key().write(TICKET);
    assert_eq!(TicketKey::new([8; 16]).read(&text), None);
}

fn request(call_id: &str, to_tag: &str) -> String {
    format!(
        "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nTo: <sip:a@b>{to_tag}\r\n\
         Call-ID: {call_id}\r\n\r\n"
    )
}

fn response(branch: &str) -> String {
    format!("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP c;branch={branch}\r\nCall-ID: x\r\n\r\n")
}

fn owner(text: &str, shards: u16) -> Option<u16> {
    owner_of(
        &Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap(),
        &key(),
        shards,
    )
}

#[test]
fn a_request_in_a_dialog_goes_to_the_shard_of_its_to_tag() {
    let tag = format!(";tag={}", key().write(TICKET));
    for call_id in ["one", "two", "three", "four"] {
        assert_eq!(owner(&request(call_id, &tag), 8), Some(3));
    }
}

#[test]
fn any_other_request_goes_by_its_call_id() {
    let shards: HashSet<_> = (0..100)
        .map(|n| owner(&request(&n.to_string(), ""), 4))
        .collect();
    assert_eq!(shards, HashSet::from([Some(0), Some(1), Some(2), Some(3)]));
    assert_eq!(
        owner(&request("one", ""), 4),
        owner(&request("one", ";tag=theirs"), 4)
    );
}

#[test]
fn requests_that_belong_together_go_to_one_shard_unless_a_ticket_says_otherwise() {
    let owner = |text: &str, number| {
        let message = Message::parse(text.as_bytes(), &Limits::DEFAULT).unwrap();
        owner_beside(&message, &key(), 8, || number)
    };
    let by_number: HashSet<_> = (0..100)
        .map(|n| owner(&request(&n.to_string(), ""), Some(7)))
        .collect();
    assert_eq!(by_number.len(), 1);
    let of_all: HashSet<_> = (0..100)
        .map(|n| owner(&request("one", ""), Some(n)))
        .collect();
    assert_eq!(of_all.len(), 8);
    let tag = format!(";tag={}", key().write(TICKET));
    assert_eq!(owner(&request("one", &tag), Some(7)), Some(3));
}

#[test]
fn an_invite_that_replaces_a_leg_goes_to_the_shard_of_that_leg() {
    let tag = key().write(TICKET);
    let replacing = |value: &str| {
        let replaces = format!("Call-ID: x\r\nReplaces: {value}\r\n");
        request("one", "").replace("Call-ID: one\r\n", &replaces)
    };
    let named = replacing(&format!("abc;from-tag=1;To-Tag={tag};early-only"));
    assert_eq!(owner(&named, 8), Some(3));
    let by_call_id = owner(&request("x", ""), 8);
    for other in ["abc;to-tag=theirs;from-tag=1", "abc", ""] {
        assert_eq!(owner(&replacing(other), 8), by_call_id, "{other}");
    }
}

#[test]
fn a_response_goes_to_the_shard_of_its_branch_or_nowhere() {
    assert_eq!(owner(&response(&key().write_branch(TICKET)), 8), Some(3));
    assert_eq!(owner(&response("z9hG4bKtheirs"), 8), None);
    assert_eq!(
        owner(&response(&TicketKey::new([8; 16]).write_branch(TICKET)), 8),
        None
    );
}

#[test]
fn a_shard_that_is_not_there_is_never_named() {
    assert_eq!(owner(&response(&key().write_branch(TICKET)), 2), None);
    let tag = format!(";tag={}", key().write(TICKET));
    let by_call_id = owner(&request("one", ""), 2);
    assert_eq!(owner(&request("one", &tag), 2), by_call_id);
    assert_eq!(owner(&request("one", ""), 1), Some(0));
}
