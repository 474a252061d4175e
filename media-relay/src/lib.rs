//! RTP relay: port pairs, learning, statistics.
