//! The B2BUA: calls, legs, hunting over the route list, the CDR journal.
