//! HTTP API: authentication, resources, live data, and the console it serves.
