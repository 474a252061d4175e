//! Live numbers of one engine, for metrics.

/// Totals since the start, and present sizes. All cheap: plain integers of one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages handled.
    pub messages_received: u64,
    /// Messages handed out for sending.
    pub messages_sent: u64,
    /// Messages that could not be parsed or that break RFC 3261.
    pub messages_malformed: u64,
    /// Responses, ACKs and requests that belong to nothing we know.
    pub messages_stray: u64,
    /// Reports of refusing addresses that named no request of ours.
    pub reports_disbelieved: u64,
    /// Messages sent again by a timer or because the other side sent again.
    pub retransmissions: u64,
    /// Calls by INVITE from a source that belongs to nobody.
    pub unknown_source_requests: u64,
    /// Of requests from unknown sources, those that got no answer.
    pub unknown_source_silenced: u64,
    /// INVITEs that were asked for a user name and password.
    pub calls_challenged: u64,
    /// New calls, admitted or not, without those from unknown sources.
    pub calls_received: u64,
    /// Refused before any attempt.
    pub calls_rejected: u64,
    /// Of these, because a limit of the switch itself was reached.
    pub calls_overloaded: u64,
    /// New calls refused unseen because the shell did not keep up; not among those received.
    pub calls_shed: u64,
    /// Refused without a record: the switch was too full to know them again, or the journal takes none.
    pub records_withheld: u64,
    /// Answered.
    pub calls_answered: u64,
    /// Refused because the customer has too little money left, or may spend no more today.
    pub calls_without_credit: u64,
    /// Hung up because what the customer may spend was used up.
    pub calls_cut: u64,
    /// Told that one side of a call was not heard.
    pub one_way_media: u64,
    /// Over, with a final record.
    pub calls_ended: u64,
    /// Egress attempts.
    pub attempts: u64,
    /// Attempts after the first of their call.
    pub failovers: u64,
    /// Gateways that were passed over because their name led nowhere.
    pub gateways_unresolved: u64,
    /// Answers of carriers that came too late and were ended at once.
    pub answers_refused: u64,
    /// Calls now.
    pub calls: u32,
    /// Of these, calls that wait until they are due.
    pub calls_held: u32,
    /// Transactions now.
    pub transactions: u32,
    /// Timers now.
    pub timers: u32,
    /// Media port pairs reserved now.
    pub media_sessions: u32,
}
