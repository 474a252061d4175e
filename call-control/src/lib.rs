//! The B2BUA: calls, legs, hunting over the route list, the CDR journal.

pub mod journal;
