//! Whatever arrives at a port that is sealed: without the key nothing passes, with it everything comes out
//! as it went in, and nothing passes twice.

use media_relay::srtp::{MasterKey, OVERHEAD_MAX, Opener, Protector, Suite};

/// `suite, bytes …`: as they came from a stranger, and sealed by a peer.
pub fn packets(bytes: &[u8]) {
    let Some((which, packet)) = bytes.split_first() else {
        return;
    };
    let suite = Suite::ALL[usize::from(*which) % Suite::ALL.len()];
    let (key, salt) = suite.key_and_salt();
    let Some(master) = MasterKey::new(suite, &[*which; 46][..key + salt]) else {
        unreachable!("as many as the suite has");
    };
    let (mut protector, mut opener) = (Protector::new(&master), Opener::new(&master));
    assert!(opener.open_rtp(&mut packet.to_vec(), None).is_err());
    assert!(opener.open_rtcp(&mut packet.to_vec()).is_err());

    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD_MAX, 0);
    if let Ok(length) = protector.seal_rtp(&mut buffer, packet.len()) {
        let mut sealed = buffer[..length].to_vec();
        let mut again = sealed.clone();
        let opened = opener.open_rtp(&mut sealed, None);
        assert_eq!(opened.map(|length| &sealed[..length]), Ok(packet));
        assert!(opener.open_rtp(&mut again, None).is_err());
    }
    buffer[..packet.len()].copy_from_slice(packet);
    if let Ok(length) = protector.seal_rtcp(&mut buffer, packet.len()) {
        let mut sealed = buffer[..length].to_vec();
        let mut again = sealed.clone();
        let opened = opener.open_rtcp(&mut sealed);
        assert_eq!(opened.map(|length| &sealed[..length]), Ok(packet));
        assert!(opener.open_rtcp(&mut again).is_err());
    }
}
