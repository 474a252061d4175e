//! The classes of numbers, held against what the library says that they are made from.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use routing_engine::numbers::NumberFacts;
use routing_engine::resources::NumberClass;

/// Written by `scripts/number-classes`: number, class, country, whether its length is possible.
const SAMPLES: &str = include_str!("data/number_samples.txt");

#[test]
fn sampled_numbers_have_the_class_that_the_library_gives_them() {
    let lines = SAMPLES.lines().filter(|line| !line.starts_with('#'));
    let mut by_class = std::collections::BTreeMap::new();
    for line in lines {
        let [digits, class, country, possible] =
            line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let facts = NumberFacts::of(digits);
        assert_eq!(facts.is_valid, class != "none", "{line}: {facts:?}");
        assert_eq!(facts.is_possible, possible == "yes", "{line}: {facts:?}");
        *by_class.entry(class).or_insert(0) += 1;
        if class == "none" {
            continue;
        }
        let found = facts
            .country
            .as_ref()
            .map_or("-", |country| country.as_str());
        assert_eq!(found, country, "{line}: {facts:?}");
        let own = matches!(
            facts.class,
            Some(NumberClass::Satellite | NumberClass::InternationalNetwork)
        );
        let is_of_no_country = ["870", "881", "882", "883"]
            .iter()
            .any(|code| digits.starts_with(code));
        assert_eq!(own, is_of_no_country, "{line}: {facts:?}");
        if !own {
            let name = facts.class.map(NumberClass::as_str);
            assert_eq!(name, Some(class), "{line}");
        }
    }
    // Eleven classes and none, each with enough to judge by.
    assert_eq!(by_class.len(), 12, "{by_class:?}");
    assert!(by_class.values().all(|count| *count >= 5), "{by_class:?}");
    assert!(by_class.values().sum::<i32>() > 5_000, "{by_class:?}");
}
