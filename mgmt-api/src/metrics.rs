//! Metrics as Prometheus text. Labels come from closed sets only.

mod copied;

use crate::clock;
use crate::containment::Part;
use crate::state::AppState;
use crate::switch_port::{DefenceCounters, MediaFigures, NgFigures, TraceFigures};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use copied::CopiedHistogram;
use prometheus::core::Collector;
use prometheus::{
    GaugeVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};
use rating::Amount;
use rating::cdr::ResourceRef;
use routing_engine::Snapshot;
use store::CdrSink;

/// Requests by path, method and class of status.
pub(crate) struct HttpMetrics {
    requests: Option<IntCounterVec>,
}

impl Default for HttpMetrics {
    fn default() -> Self {
        let opts = Opts::new(
            "didtron_http_requests_total",
            "Requests answered by the API",
        );
        // The name and the labels are sound, so this is always there.
        let requests = IntCounterVec::new(opts, &["path", "method", "status"]).ok();
        Self { requests }
    }
}

impl HttpMetrics {
    fn count(&self, path: &str, method: &Method, status: StatusCode) {
        // Methods and paths are what the client likes; only those that exist become labels.
        let method = match *method {
            Method::GET => "GET",
            Method::POST => "POST",
            Method::DELETE => "DELETE",
            _ => "other",
        };
        let class = match status.as_u16() {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        if let Some(requests) = &self.requests {
            requests.with_label_values(&[path, method, class]).inc();
        }
    }
}

/// Counts every request, by the route that served it.
pub(crate) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    let path = path.as_ref().map_or("console", MatchedPath::as_str);
    state.http_metrics.count(path, &method, response.status());
    response
}

/// The whole text.
///
/// # Errors
/// When two metrics have one name, which a test excludes.
pub(crate) fn text(state: &AppState, sink: Option<&CdrSink>) -> prometheus::Result<String> {
    let scrape = Scrape {
        registry: Registry::new(),
    };
    scrape.switch(state)?;
    scrape.defence(&state.switch.sample().defence)?;
    scrape.trace(&state.switch.sample().trace)?;
    scrape.names(state)?;
    scrape.media(&state.switch.sample().media)?;
    if let Some(ng) = state.switch.sample().ng {
        scrape.ng(&ng)?;
    }
    scrape.channels(&state.switch.snapshot())?;
    scrape.credit(&state.switch.snapshot())?;
    scrape.journal(state)?;
    if let Some(sink) = sink {
        scrape.clickhouse(sink)?;
    }
    scrape.labelled(
        "didtron_management_panics_total",
        "Panics caught in the management plane, by what they ended",
        "part",
        &Part::ALL.map(|part| (part.as_str(), part.caught())),
    )?;
    if let Some(requests) = &state.http_metrics.requests {
        scrape.registry.register(Box::new(requests.clone()))?;
    }
    TextEncoder::new().encode_to_string(&scrape.registry.gather())
}

/// One scrape: the switch keeps its own counters, so they are copied each time.
struct Scrape {
    registry: Registry,
}

impl Scrape {
    fn switch(&self, state: &AppState) -> prometheus::Result<()> {
        let sample = state.switch.sample();
        self.gauge(
            "didtron_calls_active",
            "Calls that are up",
            sample.calls_now,
        )?;
        self.gauge(
            "didtron_calls_held",
            "Calls that wait until they are due by their calls per second",
            sample.calls_held,
        )?;
        self.gauge(
            "didtron_channels_drifted",
            "Counters of limits that differ from the calls for a minute",
            sample.channels_drifted,
        )?;
        self.gauge(
            "didtron_accounts_drifted",
            "Accounts whose calls the ledger has with something else than they were charged",
            sample.accounts_drifted,
        )?;
        self.counter(
            "didtron_calls_without_credit_total",
            "New calls refused because the customer has too little money left",
            sample.calls_without_credit,
        )?;
        self.counter(
            "didtron_calls_cut_total",
            "Calls hung up because what the customer may spend was used up",
            sample.calls_cut,
        )?;
        self.labelled(
            "didtron_calls_total",
            "Calls by how they came out",
            "outcome",
            &[
                ("answered", sample.answered),
                ("failed", sample.failed),
                ("rejected", sample.rejected),
            ],
        )?;
        self.counter(
            "didtron_calls_received_total",
            "New calls received",
            sample.calls_received,
        )?;
        self.counter(
            "didtron_attempts_total",
            "Egress attempts begun",
            sample.attempts,
        )?;
        self.labelled(
            "sip_messages_total",
            "SIP messages by direction",
            "direction",
            &[
                ("received", sample.sip.messages_received),
                ("sent", sample.sip.messages_sent),
            ],
        )?;
        self.counter(
            "sip_malformed_total",
            "Received bytes that were no SIP message",
            sample.sip.malformed,
        )?;
        self.counter(
            "sip_unknown_source_total",
            "Calls from addresses that no trunk knows",
            sample.sip.unknown_source,
        )?;
        self.counter(
            "sip_dropped_total",
            "Messages dropped because a queue was full",
            sample.sip.dropped,
        )?;
        let number = state.switch.snapshot().number();
        self.gauge("didtron_snapshot_number", "Configuration in use", number)
    }

    fn trace(&self, trace: &TraceFigures) -> prometheus::Result<()> {
        self.gauge(
            "didtron_trace_calls_kept",
            "Calls whose messages are kept",
            trace.calls_kept,
        )?;
        self.labelled(
            "didtron_homer_messages_total",
            "Messages for the Homer collector, by whether they could be sent",
            "result",
            &[("sent", trace.homer_sent), ("dropped", trace.homer_dropped)],
        )
    }

    fn names(&self, state: &AppState) -> prometheus::Result<()> {
        let figures = state.switch.sample().names;
        self.labelled(
            "didtron_dns_lookups_total",
            "Lookups of host names of gateways, by what they brought",
            "result",
            &[("resolved", figures.resolved), ("failed", figures.failed)],
        )?;
        self.counter(
            "didtron_dns_gateways_passed_over_total",
            "Gateways that calls passed over because their name led nowhere",
            figures.passed_over,
        )?;
        let now = crate::clock::now();
        let (mut fresh, mut stale, mut unknown) = (0, 0, 0);
        for (_, name) in state.switch.addresses().all() {
            match (&name.resolution, name.is_stale(now)) {
                (None, _) => unknown += 1,
                (Some(_), true) => stale += 1,
                (Some(_), false) => fresh += 1,
            }
        }
        self.labelled_gauge(
            "didtron_dns_names",
            "Host names of gateways, by what is known of them",
            "state",
            &[
                ("resolved", fresh),
                ("stale", stale),
                ("unresolved", unknown),
            ],
        )
    }

    /// Of calls that ended, each direction by itself.
    fn media(&self, media: &MediaFigures) -> prometheus::Result<()> {
        self.add(CopiedHistogram::new(
            ("media_mos", "Mean opinion scores by the E-model"),
            (&MediaFigures::MOS_HUNDREDTHS, 100.0),
            &media.mos_hundredths,
        )?)?;
        self.add(CopiedHistogram::new(
            ("media_jitter_seconds", "Mean jitter of a call"),
            (&MediaFigures::JITTER_US, 1e6),
            &media.jitter_us,
        )?)?;
        self.add(CopiedHistogram::new(
            ("media_loss_ratio", "Packets lost of those expected"),
            (&MediaFigures::LOST_PERMYRIAD, 10_000.0),
            &media.lost_permyriad,
        )?)?;
        self.counter(
            "media_not_heard_total",
            "Calls of 5 s and more of which one side spoke and the other never sent a packet; announcements and calls held from the answer on too",
            media.not_heard,
        )?;
        self.counter(
            "media_one_way_total",
            "Sides found silent while the other spoke, for as long as their trunk says",
            media.one_way,
        )?;
        let dropped = &media.undecrypted;
        self.labelled(
            "srtp_dropped_total",
            "Datagrams of encrypted legs of ended calls that were dropped, by why",
            "reason",
            &[
                ("forged", dropped.forged),
                ("replayed", dropped.replayed),
                ("key_used_up", dropped.key_used_up),
            ],
        )?;
        self.counter(
            "srtp_not_sealed_total",
            "Packets of ended calls that were dropped because their number had been encrypted before",
            media.unencrypted,
        )?;
        self.gauge(
            "media_sockets",
            "Sockets of the media relay: four for each session, and one for each side's steady stream",
            media.sockets,
        )?;
        self.gauge(
            "media_sockets_max",
            "Sockets that the media relay may open; calls that need more are refused",
            media.sockets_max,
        )?;
        self.counter(
            "media_loops_refused_total",
            "Addresses that nothing is sent to, since it would come back to a media port where it was",
            media.loops_refused,
        )
    }

    /// Calls that SIP proxies have relayed.
    fn ng(&self, ng: &NgFigures) -> prometheus::Result<()> {
        self.gauge(
            "media_ng_calls",
            "Calls that SIP proxies have relayed by the ng protocol",
            ng.calls,
        )?;
        self.labelled(
            "media_ng_requests_total",
            "Requests of SIP proxies by the ng protocol, by what became of them; ping, query and list are not counted",
            "result",
            &[
                ("offer", ng.offers),
                ("answer", ng.answers),
                ("delete", ng.deletions),
                ("error", ng.errors),
                ("repeated", ng.repeated),
                ("malformed", ng.malformed),
                ("not_allowed", ng.foreign),
            ],
        )?;
        self.counter(
            "media_ng_silent_total",
            "Calls of SIP proxies that ended because nobody sent media",
            ng.silent,
        )?;
        self.counter(
            "media_ng_expired_total",
            "Calls of SIP proxies that ended because they had lasted as long as a call may",
            ng.expired,
        )
    }

    fn defence(&self, defence: &DefenceCounters) -> prometheus::Result<()> {
        self.labelled(
            "sip_kept_out_total",
            "Messages dropped unseen, by why",
            "reason",
            &[
                ("rate", defence.limited),
                ("ban", defence.banned),
                ("scanner", defence.scanners),
            ],
        )?;
        self.labelled(
            "sip_connections_ended_total",
            "Connections refused or closed by the switch, by why",
            "reason",
            &[
                ("refused", defence.connections_refused),
                ("stalled", defence.connections_stalled),
                ("malformed", defence.connections_malformed),
            ],
        )?;
        self.counter(
            "didtron_calls_shed_total",
            "New calls refused unseen because a shard did not keep up",
            defence.shed,
        )?;
        self.counter(
            "didtron_calls_unrecorded_total",
            "New calls refused without a record: the journal takes none, or there was no room",
            defence.unrecorded,
        )?;
        self.gauge("sip_bans", "Sources that are banned", defence.bans)?;
        self.gauge(
            "didtron_shard_lag_microseconds",
            "How far the slowest shard is behind",
            defence.lag_us,
        )?;
        self.gauge(
            "didtron_shards_shedding",
            "Shards that refuse new calls because they are behind",
            defence.shards_shedding,
        )
    }

    /// Channels by resource: as many label values as the operator has resources.
    fn channels(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let options = Opts::new("didtron_channels_in_use", "Channels taken by calls");
        let gauges = IntGaugeVec::new(options, &["kind", "name"])?;
        let set = |kind, resource: &ResourceRef, channels: u32| {
            let gauge = gauges.with_label_values(&[kind, resource.name.as_ref()]);
            gauge.set(channels.into());
        };
        for customer in snapshot.customers() {
            set("customer", &customer.resource, customer.channels_in_use());
        }
        for carrier in snapshot.carriers() {
            set("carrier", &carrier.resource, carrier.channels_in_use());
        }
        for trunk in snapshot.ingress_trunks() {
            set("trunk", &trunk.resource, trunk.channels_in_use());
        }
        for trunk in snapshot.egress_trunks() {
            set("trunk", &trunk.resource, trunk.channels_in_use());
        }
        for (kind, resource, channels) in snapshot.shared_channels() {
            set(kind.as_str(), resource, channels);
        }
        self.add(gauges)?;
        self.gauge(
            "didtron_calls_to_limited_numbers",
            "Calls that count against a limit of calls to one number",
            snapshot.calls_to_limited_numbers(),
        )
    }

    /// Money of customers with a limit of it, by name.
    fn credit(&self, snapshot: &Snapshot) -> prometheus::Result<()> {
        let gauges = |name: &str, help: &str| GaugeVec::new(Opts::new(name, help), &["customer"]);
        let reserved = gauges(
            "didtron_credit_reserved_usd",
            "Money that calls hold which are not over",
        )?;
        let available = gauges(
            "didtron_credit_available_usd",
            "Money that further calls may reserve",
        )?;
        for customer in snapshot.customers() {
            let Some(terms) = customer.credit_terms() else {
                continue;
            };
            let (figures, name) = (customer.credit_figures(), customer.resource.name.as_ref());
            // For people to look at: what is counted stays whole.
            let usd = |amount: Amount| amount.0 as f64 / Amount::ONE.0 as f64;
            reserved
                .with_label_values(&[name])
                .set(usd(figures.reserved));
            if let Some(left) = figures.available(terms) {
                available.with_label_values(&[name]).set(usd(left));
            }
        }
        self.add(reserved)?;
        self.add(available)
    }

    fn clickhouse(&self, sink: &CdrSink) -> prometheus::Result<()> {
        let waited = sink
            .oldest_at
            .map_or(0, |at| clock::now().0.saturating_sub(at.0));
        self.gauge(
            "didtron_clickhouse_lag_seconds",
            "How long the oldest record has waited for ClickHouse",
            u64::try_from(waited / 1_000_000).unwrap_or(0),
        )?;
        self.gauge(
            "didtron_clickhouse_waiting_records",
            "Call records that wait for ClickHouse",
            sink.waiting,
        )?;
        self.counter(
            "didtron_clickhouse_records_total",
            "Call records that ClickHouse has taken",
            sink.sent,
        )?;
        self.counter(
            "didtron_clickhouse_lost_records_total",
            "Call records that are given up: they waited too long, or were dropped from the database",
            sink.lost,
        )
    }

    fn journal(&self, state: &AppState) -> prometheus::Result<()> {
        let status = state.switch.status();
        let loader = (state.loader)();
        let available = u64::from(status.journal_trouble.is_none());
        self.gauge(
            "didtron_journal_available",
            "1 when call records can be written",
            available,
        )?;
        self.gauge(
            "didtron_draining",
            "1 when new calls are refused for a stop",
            u64::from(status.draining),
        )?;
        self.gauge(
            "didtron_loader_lag_bytes",
            "Journal not yet in the database",
            loader.lag_bytes,
        )?;
        self.gauge(
            "didtron_loader_ok",
            "1 when call records are loaded",
            u64::from(loader.trouble.is_none()),
        )?;
        self.counter(
            "didtron_loader_records_total",
            "Call records brought into the database",
            loader.records_loaded,
        )?;
        self.counter(
            "didtron_loader_duplicates_total",
            "Call records left out as known",
            loader.duplicates,
        )?;
        self.counter(
            "didtron_loader_interrupted_total",
            "Calls closed after a crash",
            loader.interrupted,
        )?;
        self.counter(
            "didtron_journal_damaged_bytes_total",
            "Journal that could not be read",
            loader.damaged_bytes,
        )
    }

    fn gauge(&self, name: &str, help: &str, value: u64) -> prometheus::Result<()> {
        let gauge = IntGauge::new(name, help)?;
        gauge.set(value.cast_signed());
        self.add(gauge)
    }

    fn counter(&self, name: &str, help: &str, value: u64) -> prometheus::Result<()> {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(value);
        self.add(counter)
    }

    fn labelled(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: &[(&str, u64)],
    ) -> prometheus::Result<()> {
        let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
        for (value, count) in values {
            counters.with_label_values(&[value]).inc_by(*count);
        }
        self.add(counters)
    }

    fn labelled_gauge(
        &self,
        name: &str,
        help: &str,
        label: &str,
        values: &[(&str, i64)],
    ) -> prometheus::Result<()> {
        let gauges = IntGaugeVec::new(Opts::new(name, help), &[label])?;
        for (value, count) in values {
            gauges.with_label_values(&[value]).set(*count);
        }
        self.add(gauges)
    }

    fn add(&self, metric: impl Collector + 'static) -> prometheus::Result<()> {
        self.registry.register(Box::new(metric))
    }
}
