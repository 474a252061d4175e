//! What is told of a call: by `query`, and by `delete` for the last time.

use crate::bencode::Value;
use crate::calls::Call;
use media_relay::{DirectionStatistics, MediaStatistics, Side};
use std::net::SocketAddr;
use std::time::Duration;

/// The description of `call`, whose times count from `origin_unix_s`.
pub(crate) fn call(
    call: &Call,
    statistics: Option<&MediaStatistics>,
    origin_unix_s: u64,
) -> Vec<(&'static str, Value<'static>)> {
    let unix = |at: Duration| integer(origin_unix_s + at.as_secs());
    let of = |side: Side| match (statistics, side) {
        (Some(statistics), Side::Ingress) => statistics.ingress,
        (Some(statistics), Side::Egress) => statistics.egress,
        (None, _) => DirectionStatistics::default(),
    };
    let sides = [Side::Ingress, Side::Egress];
    let tags = sides.into_iter().filter(|side| !call.tag(*side).is_empty());
    let tags = tags.map(|side| (call.tag(side).to_vec().into(), tag(call, side, &of(side))));
    let [ingress, egress] = sides.map(of);
    vec![
        ("created", unix(call.created)),
        ("last signal", unix(call.last_signal)),
        ("tags", Value::Dictionary(tags.collect())),
        (
            "totals",
            Value::dictionary([
                ("RTP", rtp(&[ingress, egress])),
                ("RTCP", rtcp(&[ingress, egress])),
            ]),
        ),
    ]
}

fn tag(call: &Call, side: Side, received: &DirectionStatistics) -> Value<'static> {
    let (local, remote) = (call.local(side), call.remotes[side as usize]);
    let rtcp_local = SocketAddr::new(local.ip(), local.port() + 1);
    let rtcp_remote = remote.map(|remote| {
        let next = SocketAddr::new(remote.rtp.ip(), remote.rtp.port().saturating_add(1));
        remote.rtcp.unwrap_or(next)
    });
    let streams = vec![
        stream(
            local,
            remote.map(|remote| remote.rtp),
            "RTP",
            rtp(&[*received]),
        ),
        stream(rtcp_local, rtcp_remote, "RTCP", rtcp(&[*received])),
    ];
    let media = Value::dictionary([
        ("index", Value::Integer(1)),
        ("streams", Value::List(streams)),
        ("type", Value::text("audio")),
    ]);
    Value::dictionary([
        ("medias", Value::List(vec![media])),
        ("tag", Value::bytes(call.tag(side).to_vec())),
    ])
}

fn stream(
    local: SocketAddr,
    remote: Option<SocketAddr>,
    flag: &'static str,
    stats: Value<'static>,
) -> Value<'static> {
    let text = |text: String| Value::bytes(text.into_bytes());
    let family = |address: SocketAddr| match address {
        SocketAddr::V4(_) => Value::text("IPv4"),
        SocketAddr::V6(_) => Value::text("IPv6"),
    };
    let endpoint = remote.map_or_else(Vec::new, |remote| {
        vec![
            ("address", text(remote.ip().to_string())),
            ("family", family(remote)),
            ("port", integer(remote.port().into())),
        ]
    });
    Value::dictionary([
        ("endpoint", Value::dictionary(endpoint)),
        ("family", family(local)),
        ("flags", Value::List(vec![Value::text(flag)])),
        ("local address", text(local.ip().to_string())),
        ("local port", integer(local.port().into())),
        ("stats", stats),
    ])
}

/// Errors are what came and was not passed on.
fn rtp(from: &[DirectionStatistics]) -> Value<'static> {
    let sum = |part: fn(&DirectionStatistics) -> u64| integer(from.iter().map(part).sum());
    Value::dictionary([
        ("bytes", sum(|from| from.bytes)),
        (
            "errors",
            sum(|from| from.invalid + from.foreign + from.undeliverable),
        ),
        ("packets", sum(|from| from.packets)),
    ])
}

/// The relay does not count bytes of RTCP, and its errors among those of RTP.
fn rtcp(from: &[DirectionStatistics]) -> Value<'static> {
    let packets = from.iter().map(|from| from.rtcp_packets).sum();
    Value::dictionary([("packets", integer(packets))])
}

fn integer(number: u64) -> Value<'static> {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
