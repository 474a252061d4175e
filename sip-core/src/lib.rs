//! SIP messages, transactions, dialogs, SDP; transport is its only I/O.
