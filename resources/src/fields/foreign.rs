//! Schemas of fields whose types are of other crates.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// The schema of an amount of money: decimal text, at most 9 places. Bounds are given beside as
/// `x-minimum` and `x-maximum`, in decimal text too.
pub(crate) struct Money;

impl JsonSchema for Money {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "decimal",
            "examples": ["0.0125"],
            "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?$",
        })
    }
}

/// The schema of a currency: three capital letters.
pub(crate) struct CurrencyCode;

impl JsonSchema for CurrencyCode {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "CurrencyCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$", "examples": ["USD"] })
    }
}

/// The schema of an exchange rate: decimal text, at most 12 places.
pub(crate) struct ExchangeRateText;

impl JsonSchema for ExchangeRateText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ExchangeRateText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[0-9]{1,3}(\.[0-9]{1,12})?$",
            "examples": ["1.0842"],
        })
    }
}

/// The schema of a way to round.
pub(crate) struct RoundingModeName;

impl JsonSchema for RoundingModeName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "RoundingModeName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["up", "down", "half_up", "half_even"] })
    }
}

/// The schema of a SIP transport that calls can be sent by.
pub(crate) struct TransportName;

impl JsonSchema for TransportName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TransportName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": ["udp", "tcp", "tls"] })
    }
}

/// The schema of an address with its port.
pub(crate) struct AddressAndPort;

impl JsonSchema for AddressAndPort {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "AddressAndPort".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^([0-9.]+|\[[0-9a-fA-F:.]+(%[0-9]+)?\]):[0-9]{1,5}$",
            "examples": ["192.0.2.7:5060"],
            "x-widget": "address-and-port",
        })
    }
}
