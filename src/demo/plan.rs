//! `traffic.toml`: what the demo's telephones and carriers do.

use anyhow::{Context, bail};
use serde::Deserialize;
use sip_core::Duration;
use sip_tester::plan::{UacPlan, UasPlan, UasScript};
use sip_tester::random::{Random, Span};
use sip_tester::shell::Numbers;
use std::net::IpAddr;
use std::path::Path;

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DemoPlan {
    pub(super) customers: Vec<CustomerTraffic>,
    pub(super) carriers: Vec<CarrierBehaviour>,
    pub(super) showcase: Showcase,
}

/// Calls of one customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerTraffic {
    pub(super) source: IpAddr,
    pub(super) calls_per_second: f64,
    pub(super) max_calls: usize,
    talk_mean_s: u64,
    calling_numbers: Vec<String>,
    called_numbers: Vec<String>,
}

/// What a simulated carrier does with calls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CarrierBehaviour {
    pub(super) trunk: String,
    busy_percent: u32,
    no_answer_percent: u32,
    unavailable_percent: u32,
    ring_after_ms: [u64; 2],
    answer_after_ms: [u64; 2],
}

/// The call that is shown in full.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Showcase {
    pub(super) source: IpAddr,
    pub(super) calling_number: String,
    pub(super) called_number: String,
    pub(super) talk_s: u64,
}

impl DemoPlan {
    /// Reads and checks `directory/traffic.toml`.
    pub(super) fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join("traffic.toml");
        let text = std::fs::read_to_string(&path).with_context(|| {
            format!(
                "{} cannot be read; run the demo from the project's folder or name the folder of \
                 its files with --resources",
                path.display()
            )
        })?;
        let plan: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        plan.check().with_context(|| path.display().to_string())?;
        Ok(plan)
    }

    fn check(&self) -> anyhow::Result<()> {
        for customer in &self.customers {
            if customer.calling_numbers.is_empty() || customer.called_numbers.is_empty() {
                bail!("customer {} has no numbers", customer.source);
            }
            if !(0.01..=1_000.0).contains(&customer.calls_per_second) {
                bail!(
                    "customer {}: calls_per_second must be 0.01 to 1000",
                    customer.source
                );
            }
        }
        for carrier in &self.carriers {
            if carrier.answered_percent().is_none() {
                bail!(
                    "carrier {}: the shares add up to more than 100",
                    carrier.trunk
                );
            }
        }
        Ok(())
    }
}

impl CustomerTraffic {
    /// What each call does.
    pub(super) fn plan(&self) -> UacPlan {
        let mean = Duration::from_secs(self.talk_mean_s);
        UacPlan {
            ring_timeout: Duration::from_secs(25),
            talk: Span::Exponential {
                mean,
                longest: Duration::from_secs(self.talk_mean_s * 6),
            },
            ..UacPlan::default()
        }
    }

    /// Numbers without end, drawn from `seed`.
    pub(super) fn numbers(&self, seed: u64) -> impl Iterator<Item = Numbers> + Send + use<> {
        let mut random = Random::new(seed);
        let (calling, called) = (self.calling_numbers.clone(), self.called_numbers.clone());
        std::iter::repeat_with(move || Numbers {
            calling: draw(&calling, &mut random),
            called: draw(&called, &mut random),
        })
    }
}

/// One of the patterns, with a random digit for each `x`.
fn draw(patterns: &[String], random: &mut Random) -> String {
    let index = usize::try_from(random.below(patterns.len() as u64)).unwrap_or(0);
    let digit =
        |random: &mut Random| char::from(b'0' + u8::try_from(random.below(10)).unwrap_or(0));
    let pattern = patterns.get(index).map_or("", String::as_str);
    pattern
        .chars()
        .map(|c| if c == 'x' { digit(random) } else { c })
        .collect()
}

impl CarrierBehaviour {
    fn answered_percent(&self) -> Option<u32> {
        100u32.checked_sub(self.busy_percent + self.no_answer_percent + self.unavailable_percent)
    }

    /// As the tester's plan.
    pub(super) fn plan(&self) -> UasPlan {
        let (ring, answer) = (between(self.ring_after_ms), between(self.answer_after_ms));
        let answered = self.answered_percent().unwrap_or(0);
        UasPlan {
            scripts: vec![
                UasScript::answer(ring, answer).weighing(answered),
                UasScript::reject(ring, 486).weighing(self.busy_percent),
                UasScript::no_answer(ring).weighing(self.no_answer_percent),
                UasScript::reject(Span::millis(20), 503).weighing(self.unavailable_percent),
            ],
            ..UasPlan::default()
        }
    }
}

fn between([low, high]: [u64; 2]) -> Span {
    Span::Uniform {
        low: Duration::from_millis(low),
        high: Duration::from_millis(high.max(low)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::DemoPlan;
    use std::path::Path;

    fn shipped() -> DemoPlan {
        DemoPlan::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/demo")).unwrap()
    }

    #[test]
    fn the_shipped_plan_is_sound() {
        let plan = shipped();
        assert_eq!(plan.carriers.len(), 2);
        let per_second: f64 = plan.customers.iter().map(|c| c.calls_per_second).sum();
        assert!((1.5..=2.5).contains(&per_second));
    }

    #[test]
    fn drawn_numbers_are_digits_and_repeat_with_the_seed() {
        let plan = shipped();
        let numbers = |seed| plan.customers[0].numbers(seed).take(50).map(|n| n.called);
        assert!(numbers(1).all(|number| number.bytes().all(|byte| byte.is_ascii_digit())));
        assert_eq!(
            numbers(1).collect::<Vec<_>>(),
            numbers(1).collect::<Vec<_>>()
        );
        assert_ne!(
            numbers(1).collect::<Vec<_>>(),
            numbers(2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_missing_folder_says_where_to_run_from() {
        let error = DemoPlan::read(Path::new("/nonexistent"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("--resources"), "{error}");
    }
}
