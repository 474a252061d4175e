//! Persistence: migrations, resources and versions, the CDR loader.
