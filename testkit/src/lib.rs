//! Virtual clock and simulated network for tests (development only).
