//! What the relay adds to the two system calls of a packet: the decision.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use media_relay::session::{Channel, Session};
use media_relay::{RemoteMedia, Side};
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

criterion_group!(benches, receive);
criterion_main!(benches);
