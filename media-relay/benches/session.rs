//! What the relay adds to the two system calls of a packet: the decision.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use media_relay::session::{Channel, Session};
use media_relay::srtp::{MasterKey, OVERHEAD_MAX, Protector, Suite};
use media_relay::{LegKeys, MediaKeys, RemoteMedia, Side};
use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Duration;

fn receive(criterion: &mut Criterion) {
    let ingress = SocketAddr::from(([192, 0, 2, 1], 4000));
    let egress = SocketAddr::from(([198, 51, 100, 1], 6000));
    let mut session = Session::new();
    session.announce(
        Side::Ingress,
        Some(RemoteMedia::new(ingress)),
        Duration::ZERO,
    );
    session.announce(Side::Egress, Some(RemoteMedia::new(egress)), Duration::ZERO);
    let mut packet = [0_u8; 172];
    packet[..2].copy_from_slice(&[0x80, 8]);
    let now = Duration::from_secs(1);

    let mut group = criterion.benchmark_group("session");
    group.throughput(Throughput::Elements(1));
    group.bench_function("receive", |bencher| {
        bencher.iter(|| {
            let packet = black_box(&packet[..]);
            session.receive(Side::Ingress, Channel::Rtp, black_box(ingress), packet, now)
        });
    });
    group.finish();
}

/// The same opened and sealed again, by keys of each leg.
fn pass(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("session");
    group.throughput(Throughput::Elements(1));
    let ingress = SocketAddr::from(([192, 0, 2, 1], 4000));
    let egress = SocketAddr::from(([198, 51, 100, 1], 6000));
    let now = Duration::from_secs(1);
    for suite in [
        Suite::Aes128CmSha1_80,
        Suite::AeadAes128Gcm,
        Suite::AeadAes256Gcm,
    ] {
        let (key, salt) = suite.key_and_salt();
        let key_of = |byte: u8| MasterKey::new(suite, &[byte; 46][..key + salt]);
        let leg = |ours, theirs| {
            Some(LegKeys {
                ours: key_of(ours)?,
                theirs: key_of(theirs)?,
            })
        };
        let keys = MediaKeys {
            ingress: leg(1, 2),
            egress: leg(3, 4),
        };
        let mut session = Session::new();
        session.set_keys(Some(&keys));
        session.announce(
            Side::Ingress,
            Some(RemoteMedia::new(ingress)),
            Duration::ZERO,
        );
        session.announce(Side::Egress, Some(RemoteMedia::new(egress)), Duration::ZERO);
        let Some(customer) = key_of(2) else { return };
        let mut customer = Protector::new(&customer);
        let mut sequence = 0_u16;
        group.bench_function(format!("open_and_seal/{}", suite.name()), |bencher| {
            bencher.iter_batched(
                || {
                    sequence = sequence.wrapping_add(1);
                    let mut packet = [0_u8; 172 + 2 * OVERHEAD_MAX];
                    packet[..2].copy_from_slice(&[0x80, 8]);
                    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
                    let length = customer.seal_rtp(&mut packet, 172).unwrap_or(0);
                    (packet, length)
                },
                |(mut packet, length)| {
                    session.pass(
                        Side::Ingress,
                        Channel::Rtp,
                        ingress,
                        &mut packet,
                        length,
                        now,
                    )
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, receive, pass);
criterion_main!(benches);
