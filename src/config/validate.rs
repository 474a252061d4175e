//! Bounds of every setting. Each problem names the key, where it was written and what would do.

use super::background::ClickHouseConfig;
use super::dns::name_server;
use super::overlay::Origins;
use super::{Config, ConfigProblem, MailDriverName, MediaNgConfig};
use cdr_archive::PlaceError;
use mgmt_api::jobs::CDR_KEEP_DAYS_MIN;
use mgmt_api::mail::MailSender;
use rating::cdr::Transport;
use resources::Network;
use routing_engine::names::ADDRESSES_MAX;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// Everything that is out of bounds.
pub(super) fn problems(config: &Config, origins: &Origins) -> Vec<ConfigProblem> {
    let mut check = Check {
        origins,
        problems: Vec::new(),
    };
    check.node(config);
    check.sip(config);
    check.sip_tls(config);
    check.sip_digest(config);
    check.dns(config);
    check.defence(config);
    check.trace(config);
    check.calls(config);
    check.media(config);
    check.storage(config);
    check.secrets(config);
    check.http(config);
    check.background(config);
    check.problems
}

/// Names that one certificate is for, at most: what the largest public authority allows.
const ACME_DOMAINS_MAX: usize = 100;

/// A name of two labels or more that a certificate can be issued for (RFC 1123 §2.1).
fn is_domain(name: &str) -> bool {
    let is_label = |label: &str| {
        let letters = label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (1..=63).contains(&label.len())
            && letters
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(is_label)
        && name.parse::<IpAddr>().is_err()
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
        self.within("sip.gather_us", sip.gather_us.into(), 0, 2_000);
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
        for (key, value, least, most) in [
            (
                "sip.tcp_connections_per_address_max",
                sip.tcp_connections_per_address_max,
                1,
                1_000_000,
            ),
            (
                "sip.tcp_message_timeout_s",
                sip.tcp_message_timeout_s,
                1,
                300,
            ),
            ("sip.tcp_queue_max", sip.tcp_queue_max, 1, 65_536),
            (
                "sip.message_bytes_max",
                sip.message_bytes_max.into(),
                4_096,
                65_535,
            ),
            (
                "sip.header_fields_max",
                sip.header_fields_max.into(),
                16,
                128,
            ),
            (
                "sip.header_value_bytes_max",
                sip.header_value_bytes_max.into(),
                256,
                65_535,
            ),
        ] {
            self.within(key, value.into(), least, most);
        }
    }

    fn defence(&mut self, config: &Config) {
        let defence = &config.defence;
        for (key, value, least, most) in [
            (
                "defence.known_source_messages_per_second",
                defence.known_source_messages_per_second,
                0,
                1_000_000,
            ),
            (
                "defence.unknown_source_messages_per_second",
                defence.unknown_source_messages_per_second,
                0,
                1_000_000,
            ),
            (
                "defence.unknown_messages_per_second",
                defence.unknown_messages_per_second,
                0,
                1_000_000,
            ),
            (
                "defence.ban_after_messages",
                defence.ban_after_messages,
                0,
                1_000_000,
            ),
            ("defence.ban_s", defence.ban_s, 1, 31_536_000),
            ("defence.lag_max_ms", defence.lag_max_ms, 0, 10_000),
            (
                "defence.retry_after_s",
                defence.retry_after_s.into(),
                0,
                3_600,
            ),
        ] {
            self.within(key, value.into(), least, most);
        }
        let agents = &defence.scanner_agents;
        self.within("defence.scanner_agents", agents.len() as u64, 0, 64);
        if agents.iter().any(|agent| !(3..=64).contains(&agent.len())) {
            self.problem(
                "defence.scanner_agents",
                "must be names of 3 to 64 bytes each",
            );
        }
    }

    fn dns(&mut self, config: &Config) {
        let dns = &config.dns;
        self.within("dns.servers", dns.servers.len() as u64, 0, 8);
        if dns.servers.iter().any(|text| name_server(text).is_none()) {
            let message =
                "must be IP addresses, with a port or without: 192.0.2.53, 192.0.2.53:5353";
            self.problem("dns.servers", message);
        }
        for (key, value, least, most) in [
            ("dns.timeout_ms", dns.timeout_ms, 100, 30_000),
            ("dns.ttl_min_s", dns.ttl_min_s, 1, 3_600),
            ("dns.ttl_max_s", dns.ttl_max_s, 1, 604_800),
            ("dns.stale_max_s", dns.stale_max_s, 0, 2_592_000),
            ("dns.names_max", dns.names_max, 1, 100_000),
            ("dns.lookups_max", dns.lookups_max.into(), 1, 1_000),
        ] {
            self.within(key, value.into(), least, most);
        }
        let most = ADDRESSES_MAX as u64;
        let addresses = dns.addresses_per_name_max.into();
        self.within("dns.addresses_per_name_max", addresses, 1, most);
        if dns.ttl_max_s < dns.ttl_min_s {
            self.problem("dns.ttl_max_s", "must not be below `dns.ttl_min_s`");
        }
    }

    fn trace(&mut self, config: &Config) {
        let trace = &config.trace;
        self.within("trace.recent_mib", trace.recent_mib.into(), 0, 4_096);
        self.within("trace.kept_mib", trace.kept_mib.into(), 0, 4_096);
        let homer = &trace.homer;
        if !homer.address.is_empty() && homer.address.parse::<SocketAddr>().is_err() {
            let message = "must be an IP address with a port such as 192.0.2.9:9060, or empty";
            self.problem("trace.homer.address", message);
        }
        if homer.password.len() > 256 {
            self.problem("trace.homer.password", "must have at most 256 bytes");
        }
    }

    fn sip_tls(&mut self, config: &Config) {
        let sip = &config.sip;
        let interval = sip.keepalive_interval_s.into();
        if interval != 0 {
            self.within("sip.keepalive_interval_s", interval, 5, 3_600);
        }
        let speaks_tls = sip
            .listeners
            .iter()
            .any(|listener| matches!(listener.transport, Transport::Tls | Transport::Wss));
        let is_empty = |path: &Path| path.as_os_str().is_empty();
        if speaks_tls && is_empty(&sip.tls.certificate_file) {
            let message = "must name a PEM file, since a listener speaks tls or wss";
            self.problem("sip.tls.certificate_file", message);
        }
        if !is_empty(&sip.tls.certificate_file) && is_empty(&sip.tls.key_file) {
            let message = "must name the PEM file of the certificate's key";
            self.problem("sip.tls.key_file", message);
        }
    }

    fn sip_digest(&mut self, config: &Config) {
        let digest = &config.sip.digest;
        if digest.realm.len() > 128 || digest.realm.chars().any(char::is_control) {
            self.problem("sip.digest.realm", "must be one line of at most 128 bytes");
        }
        let count = digest.algorithms.len() as u64;
        self.within("sip.digest.algorithms", count, 1, 3);
        let lifetime = digest.nonce_lifetime_s.into();
        self.within("sip.digest.nonce_lifetime_s", lifetime, 10, 3_600);
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
        let same = calls.same_numbers_in_setup_max.into();
        self.within("calls.same_numbers_in_setup_max", same, 0, 1_000);
        let held = calls.held_per_shard_max.into();
        self.within("calls.held_per_shard_max", held, 0, 100_000);
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
        for network in &media.refused_networks {
            if let Err(error) = network.parse::<Network>() {
                self.problem("media.refused_networks", &error.to_string());
            }
        }
        self.media_ng(&media.ng);
    }

    fn media_ng(&mut self, ng: &MediaNgConfig) {
        if !ng.listen.is_empty() && ng.listen.parse::<SocketAddr>().is_err() {
            let message = "must be an address and a port like 127.0.0.1:2223, or empty";
            self.problem("media.ng.listen", message);
        }
        for network in &ng.allowed {
            if let Err(error) = network.parse::<Network>() {
                self.problem("media.ng.allowed", &error.to_string());
            }
        }
        if !ng.listen.is_empty() && ng.allowed.is_empty() {
            let message = "must name who may ask, since media.ng.listen is set";
            self.problem("media.ng.allowed", message);
        }
        self.within("media.ng.calls_max", ng.calls_max.into(), 1, 16_384);
        let longest = ng.max_duration_s.into();
        self.within("media.ng.max_duration_s", longest, 60, 604_800);
        let silent = ng.silent_timeout_s.into();
        self.within("media.ng.silent_timeout_s", silent, 60, 86_400);
    }

    fn storage(&mut self, config: &Config) {
        if let Err(error) = config.database() {
            self.problem("database.url", &error.to_string());
        }
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

    fn secrets(&mut self, config: &Config) {
        let is_key = |key: &String| key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit());
        if !config.secrets.master_keys.iter().all(is_key) {
            self.problem(
                "secrets.master_keys",
                "must be keys of 64 hexadecimal digits",
            );
        }
    }

    fn http(&mut self, config: &Config) {
        let http = &config.http;
        let all = u64::from(http.connections_max);
        self.within("http.connections_max", all, 16, 100_000);
        let each = http.connections_per_address_max.into();
        self.within("http.connections_per_address_max", each, 4, 100_000);
        self.within(
            "http.header_timeout_s",
            http.header_timeout_s.into(),
            1,
            300,
        );
        self.within("http.idle_timeout_s", http.idle_timeout_s.into(), 1, 3_600);
        self.within("http.body_timeout_s", http.body_timeout_s.into(), 1, 3_600);
        self.within(
            "http.write_timeout_s",
            http.write_timeout_s.into(),
            1,
            3_600,
        );
        let rates = &http.rate_limits;
        for (key, value) in [
            ("http.rate_limits.read_per_minute", rates.read_per_minute),
            ("http.rate_limits.write_per_minute", rates.write_per_minute),
            ("http.rate_limits.heavy_per_minute", rates.heavy_per_minute),
            (
                "http.rate_limits.sign_in_per_minute",
                rates.sign_in_per_minute,
            ),
        ] {
            self.within(key, value.into(), 0, 1_000_000);
        }
        for origin in &http.allowed_origins {
            if !is_origin(origin) {
                let message = format!("has `{origin}`, which is no origin like https://host:port");
                self.problem("http.allowed_origins", &message);
            }
        }
        if !http.public_url.is_empty() && !is_origin(&http.public_url) {
            let message =
                "must be like https://host or https://host:port, without a path, or empty";
            self.problem("http.public_url", message);
        }
        self.tls(config);
    }

    fn tls(&mut self, config: &Config) {
        let tls = &config.http.tls;
        let by_acme = !config.http.acme.domains.is_empty();
        if by_acme {
            self.acme(config);
        }
        if tls.address.is_empty() {
            return;
        }
        if config.http_tls_address().is_none() {
            self.problem("http.tls.address", "must be ADDRESS:PORT, or empty");
        }
        let files = [
            ("http.tls.certificate_file", &tls.certificate_file),
            ("http.tls.key_file", &tls.key_file),
        ];
        for (key, file) in files {
            match (by_acme, file.as_os_str().is_empty()) {
                (false, true) => {
                    let message = "must name a PEM file, since http.tls.address is set and \
                        http.acme.domains is empty";
                    self.problem(key, message);
                }
                (true, false) => {
                    let message = "must be empty, since http.acme.domains says who issues the \
                        certificate";
                    self.problem(key, message);
                }
                _ => {}
            }
        }
    }

    fn acme(&mut self, config: &Config) {
        let acme = &config.http.acme;
        if config.http.tls.address.is_empty() {
            let message = "must be set, since http.acme.domains asks for a certificate";
            self.problem("http.tls.address", message);
        }
        if acme.domains.len() > ACME_DOMAINS_MAX {
            let message = format!("has more than {ACME_DOMAINS_MAX} names");
            self.problem("http.acme.domains", &message);
        }
        for domain in acme.domains.iter().filter(|name| !is_domain(name)) {
            let message = format!("`{domain}` is no full domain name; wildcards cannot be proved");
            self.problem("http.acme.domains", &message);
        }
        if !acme.directory.starts_with("https://") {
            self.problem("http.acme.directory", "must begin with https://");
        }
        let contact = &acme.contact;
        if !contact.is_empty() && (!contact.contains('@') || contact.contains([' ', ',', '?'])) {
            self.problem("http.acme.contact", "must be one e-mail address, or empty");
        }
        if !acme.terms_of_service_agreed {
            let message = "must be true: the authority issues only to who agrees to its terms";
            self.problem("http.acme.terms_of_service_agreed", message);
        }
    }

    fn background(&mut self, config: &Config) {
        let (jobs, mail) = (&config.jobs, &config.mail);
        self.within("jobs.concurrency", jobs.concurrency.into(), 1, 256);
        let days = jobs.keep_finished_days.into();
        self.within("jobs.keep_finished_days", days, 1, 3_650);
        let days = jobs.keep_dead_days.into();
        self.within("jobs.keep_dead_days", days, 1, 3_650);
        let days = jobs.keep_events_days.into();
        self.within("jobs.keep_events_days", days, 1, 3_650);
        let days = jobs.keep_audit_days.into();
        self.within("jobs.keep_audit_days", days, 30, 36_500);
        if jobs.keep_cdrs_days > 0 {
            let (days, least) = (jobs.keep_cdrs_days.into(), CDR_KEEP_DAYS_MIN.into());
            self.within("jobs.keep_cdrs_days", days, least, 36_500);
        }
        self.archive(config);
        self.clickhouse(&config.clickhouse);
        let timeout = mail.smtp.timeout_s.into();
        self.within("mail.smtp.timeout_s", timeout, 1, 50);
        self.within("mail.smtp.port", mail.smtp.port.into(), 1, 65_535);
        if mail.driver == MailDriverName::Smtp && mail.smtp.host.is_empty() {
            self.problem("mail.smtp.host", "must name the mail server");
        }
        if let Err(error) = MailSender::new(config.mail_settings()) {
            self.problem("mail", &error.to_string());
        }
    }

    fn clickhouse(&mut self, clickhouse: &ClickHouseConfig) {
        let url = clickhouse.url.as_str();
        let is_address = url
            .strip_prefix("https://")
            .or_else(|| url.strip_prefix("http://"))
            .is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', '@', ' ']));
        if !url.is_empty() && !is_address {
            let message =
                "must be an address such as https://clickhouse.example.com:8443, or empty";
            self.problem("clickhouse.url", message);
        }
        let is_name = |text: &str| {
            let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !text.is_empty() && text.len() <= 64 && text.bytes().all(is_part)
        };
        if !is_name(&clickhouse.database) {
            let message = "must be 1 to 64 letters of ASCII, digits or underscores";
            self.problem("clickhouse.database", message);
        }
        let timeout = clickhouse.timeout_s.into();
        self.within("clickhouse.timeout_s", timeout, 1, 600);
        self.within("clickhouse.keep_days", clickhouse.keep_days.into(), 1, 365);
        // They are headers of a request.
        let is_header = |text: &str| {
            let is_visible = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
            text.len() <= 256 && text.trim() == text && text.bytes().all(is_visible)
        };
        let (user, password) = (&clickhouse.user, &clickhouse.password);
        if user.is_empty() || !is_header(user) {
            let message = "must be 1 to 256 visible characters of ASCII, without spaces round them";
            self.problem("clickhouse.user", message);
        }
        if !is_header(password) {
            let message =
                "must be visible characters of ASCII without spaces round them, 256 at most";
            self.problem("clickhouse.password", message);
        }
    }

    fn archive(&mut self, config: &Config) {
        let (folder, s3) = (&config.cdr_archive.folder, &config.cdr_archive.s3);
        let (has_folder, has_bucket) = (!folder.as_os_str().is_empty(), !s3.bucket.is_empty());
        if has_folder && has_bucket {
            let message = "and `cdr_archive.folder` exclude each other: write one of them";
            self.problem("cdr_archive.s3.bucket", message);
        }
        if has_bucket && let Err(PlaceError::Setting { setting, reason }) = s3.settings().check() {
            self.problem(&format!("cdr_archive.s3.{setting}"), &reason);
        }
        if config.jobs.archive_cdrs_first && !has_folder && !has_bucket {
            let message = "needs an archive: write `cdr_archive.folder` or `cdr_archive.s3.bucket`";
            self.problem("jobs.archive_cdrs_first", message);
        }
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

/// Whether browsers could send `text` as an Origin: a scheme, a host, perhaps a port, no more.
fn is_origin(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
    host.is_some_and(|host| !host.is_empty() && host.chars().all(allowed))
}
