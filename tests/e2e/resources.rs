//! The resources of a test: one customer, carriers at given prices, as YAML.

use crate::switch::Switch;
use std::fmt::Write;
use std::path::PathBuf;

/// The customer's address.
pub(crate) const CUSTOMER: &str = "127.0.0.21";
/// A number that every card covers.
pub(crate) const NUMBER: &str = "12125550100";

/// A carrier with one egress trunk.
pub(crate) struct CarrierSpec<'a> {
    pub(crate) name: &'a str,
    /// `address:port`, or a host name.
    pub(crate) gateway: String,
    /// Price of a minute, as written in a deck.
    pub(crate) price: &'a str,
    /// More lines of the trunk's spec, without indentation.
    pub(crate) more: &'a str,
    /// More lines of the carrier's spec.
    pub(crate) limits: &'a str,
    /// The trunk has no gateway of its own; `more` says where calls go.
    pub(crate) is_bare: bool,
}

impl<'a> CarrierSpec<'a> {
    pub(crate) fn new(name: &'a str, gateway: impl std::fmt::Display, price: &'a str) -> Self {
        Self {
            name,
            gateway: gateway.to_string(),
            price,
            more: "",
            limits: "",
            is_bare: false,
        }
    }
}

/// What a test needs of the customer.
pub(crate) struct World<'a> {
    /// The customer's price of a minute.
    pub(crate) price: &'a str,
    /// More lines of the customer's spec.
    pub(crate) customer: &'a str,
    /// Whether RTP is relayed: `relay` or `direct`, on every trunk.
    pub(crate) media: &'a str,
    /// More lines of the customer's trunk.
    pub(crate) ingress: &'a str,
    /// More source addresses of the customer, each after a comma.
    pub(crate) more_sources: &'a str,
    /// More lines of the customer's rate card: intervals, fee.
    pub(crate) card: &'a str,
    pub(crate) carriers: Vec<CarrierSpec<'a>>,
    /// More documents, each with its `---`.
    pub(crate) more: &'a str,
}

impl<'a> World<'a> {
    pub(crate) fn of(carriers: Vec<CarrierSpec<'a>>) -> Self {
        Self {
            price: "0.06",
            customer: "",
            media: "direct",
            ingress: "",
            more_sources: "",
            card: "",
            carriers,
            more: "",
        }
    }

    /// Writes the YAML into the switch's scratch directory and applies it.
    pub(crate) fn apply(&self, switch: &Switch) -> String {
        switch.apply(&self.write(switch)).unwrap()
    }

    /// Writes the YAML.
    pub(crate) fn write(&self, switch: &Switch) -> PathBuf {
        let path = switch.scratch().join("resources.yaml");
        std::fs::write(&path, self.yaml()).unwrap();
        path
    }

    fn yaml(&self) -> String {
        let mut yaml = String::new();
        card(&mut yaml, "sell", self.price, self.card);
        document(
            &mut yaml,
            "customer",
            "acme",
            "rate_card: sell",
            self.customer,
        );
        let ingress = format!(
            "direction: ingress\ncustomer: acme\nsource_addresses: [{CUSTOMER}{}]\nmedia: {}",
            self.more_sources, self.media
        );
        document(&mut yaml, "trunk", "acme-in", &ingress, self.ingress);
        for carrier in &self.carriers {
            let card_name = format!("{}-buy", carrier.name);
            card(&mut yaml, &card_name, carrier.price, "");
            let (active, limits) = ("status: active", carrier.limits);
            document(&mut yaml, "carrier", carrier.name, active, limits);
            let mut egress = format!(
                "direction: egress\ncarrier: {}\nrate_card: {card_name}\nmedia: {}",
                carrier.name, self.media
            );
            if !carrier.is_bare {
                let _ = write!(egress, "\ngateway: \"{}\"", carrier.gateway);
            }
            document(
                &mut yaml,
                "trunk",
                &format!("{}-out", carrier.name),
                &egress,
                carrier.more,
            );
        }
        yaml.push_str(self.more);
        yaml
    }
}

fn card(yaml: &mut String, name: &str, price: &str, more: &str) {
    let rates = format!(
        "currency: USD\nrates:\n  - {{prefix: \"1\", destination: USA, rate_per_minute: \"{price}\"}}\n  \
         - {{prefix: \"44\", destination: United Kingdom, rate_per_minute: \"{price}\"}}"
    );
    document(yaml, "rate_card", name, &rates, more);
}

fn document(yaml: &mut String, kind: &str, name: &str, spec: &str, more: &str) {
    let _ = write!(yaml, "---\nkind: {kind}\nname: {name}\nspec:\n");
    for line in spec.lines().chain(more.lines()) {
        let _ = writeln!(yaml, "  {line}");
    }
}
