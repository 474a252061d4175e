//! Bounds of every setting. Each problem names the key, where it was written and what would do.

use super::overlay::Origins;
use super::{Config, ConfigProblem};
use rating::cdr::Transport;
use std::net::IpAddr;

/// Everything that is out of bounds.
pub(super) fn problems(config: &Config, origins: &Origins) -> Vec<ConfigProblem> {
    let mut check = Check {
        origins,
        problems: Vec::new(),
    };
    check.node(config);
    check.sip(config);
    check.calls(config);
    check.media(config);
    check.storage(config);
    check.problems
}

struct Check<'a> {
    origins: &'a Origins,
    problems: Vec<ConfigProblem>,
}

impl Check<'_> {
    fn node(&mut self, config: &Config) {
        let name = &config.node.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        if name.is_empty() || name.len() > 63 || !name.chars().all(allowed) {
            self.problem("node.name", "must be 1 to 63 letters, digits, `-` or `.`");
        }
        self.within("node.shards", config.node.shards.into(), 0, 64);
    }

    fn sip(&mut self, config: &Config) {
        let sip = &config.sip;
        if !sip
            .listeners
            .iter()
            .any(|listener| listener.transport == Transport::Udp)
        {
            self.problem("sip.listeners", "needs at least one UDP listener");
        }
        for (index, listener) in sip.listeners.iter().enumerate() {
            let twice = sip.listeners.iter().take(index).any(|earlier| {
                earlier.transport == listener.transport && earlier.bind == listener.bind
            });
            if twice && listener.bind.port() != 0 {
                self.problem("sip.listeners", &format!("has `{listener}` twice"));
            }
        }
        if sip.user_agent.len() > 128 || sip.user_agent.chars().any(char::is_control) {
            self.problem("sip.user_agent", "must be one line of at most 128 bytes");
        }
        self.within("sip.t1_ms", sip.t1_ms.into(), 100, 2_000);
        self.within("sip.t2_ms", sip.t2_ms.into(), sip.t1_ms.into(), 16_000);
        self.within("sip.t4_ms", sip.t4_ms.into(), 1_000, 10_000);
        self.within(
            "sip.socket_buffer_kib",
            sip.socket_buffer_kib.into(),
            64,
            65_536,
        );
        self.within(
            "sip.tcp_connections_max",
            sip.tcp_connections_max.into(),
            1,
            1_000_000,
        );
        self.within(
            "sip.tcp_idle_timeout_s",
            sip.tcp_idle_timeout_s.into(),
            10,
            86_400,
        );
    }

    fn calls(&mut self, config: &Config) {
        let calls = &config.calls;
        self.within(
            "calls.max_per_shard",
            calls.max_per_shard.into(),
            1,
            4_000_000,
        );
        self.within("calls.max_attempts", calls.max_attempts.into(), 1, 16);
        self.within(
            "calls.max_duration_s",
            calls.max_duration_s.into(),
            60,
            604_800,
        );
        let replies = calls.unknown_source_replies_per_second;
        self.within(
            "calls.unknown_source_replies_per_second",
            replies.into(),
            0,
            1_000,
        );
        let cdrs = calls.unknown_source_cdrs_per_second;
        self.within(
            "calls.unknown_source_cdrs_per_second",
            cdrs.into(),
            0,
            10_000,
        );
    }

    fn media(&mut self, config: &Config) {
        let media = &config.media;
        let named = &media.advertised_address;
        if !named.is_empty() && named.parse::<IpAddr>().is_err() {
            self.problem(
                "media.advertised_address",
                "must be an IP address, or empty",
            );
        }
        if config.media_advertised().is_unspecified() {
            let message = "must name the address peers send RTP to, since media.address binds all";
            self.problem("media.advertised_address", message);
        }
        self.within("media.port_min", media.port_min.into(), 1_024, 65_532);
        let least = u64::from(media.port_min) + 3;
        self.within("media.port_max", media.port_max.into(), least, 65_535);
        self.within("media.threads", media.threads.into(), 1, 64);
        if media.inactivity_timeout_s != 0 {
            self.within(
                "media.inactivity_timeout_s",
                media.inactivity_timeout_s.into(),
                10,
                86_400,
            );
        }
    }

    fn storage(&mut self, config: &Config) {
        self.within(
            "journal.sync_interval_ms",
            config.journal.sync_interval_ms.into(),
            5,
            1_000,
        );
        self.within(
            "journal.segment_mib",
            config.journal.segment_mib.into(),
            1,
            1_024,
        );
        let free = config.journal.free_space_min_mib;
        self.within("journal.free_space_min_mib", free.into(), 16, 1_048_576);
        self.within(
            "cdr.load_interval_ms",
            config.cdr.load_interval_ms.into(),
            20,
            60_000,
        );
        self.within("drain.grace_s", config.drain.grace_s.into(), 0, 86_400);
    }

    fn within(&mut self, key: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            self.problem(key, &format!("is {value}; it must be {least} to {most}"));
        }
    }

    fn problem(&mut self, key: &str, message: &str) {
        let origin = self.origins.get(key).map_or("defaults", String::as_str);
        self.problems.push(ConfigProblem {
            origin: origin.to_owned(),
            key: key.to_owned(),
            message: message.to_owned(),
        });
    }
}
