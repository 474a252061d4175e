//! How a file writes prices and dates, by what its first records show beyond doubt.

use crate::dates::{DateOrder, DateWriting, shown_order};
use crate::fields::Field;
use crate::layout::Layout;
use crate::mapping::DecimalMark;
use crate::numbers::{Writing, shown_mark};
use crate::records::Record;
use rating::Currency;

/// What is told, or else what all prices show that leave no doubt. Where they differ nothing is
/// known: each price must then show its mark itself.
pub(super) fn price_writing(
    layout: &Layout,
    data: &[Record],
    told: DecimalMark,
    currency: Currency,
) -> Writing {
    let shown = data.iter().flat_map(|record| {
        let prices = Field::ALL.into_iter().filter(|field| field.is_price());
        let texts = prices.filter(|field| !layout.is_number(record, *field));
        texts.filter_map(|field| shown_mark(layout.text(record, field), currency))
    });
    let is_told = told != DecimalMark::Found;
    Writing {
        mark: if is_told {
            told
        } else {
            agreed(shown).unwrap_or_default()
        },
        is_told,
        currency,
    }
}

/// The same of dates.
pub(super) fn date_writing(layout: &Layout, data: &[Record], told: DateOrder) -> DateWriting {
    let shown = data.iter().flat_map(|record| {
        let dates = [Field::EffectiveFrom, Field::EffectiveUntil].into_iter();
        dates.filter_map(|field| shown_order(layout.text(record, field)))
    });
    let is_told = told != DateOrder::Found;
    DateWriting {
        order: if is_told {
            told
        } else {
            agreed(shown).unwrap_or_default()
        },
        is_told,
    }
}

/// What all say, when they say the same.
fn agreed<T: PartialEq>(mut shown: impl Iterator<Item = T>) -> Option<T> {
    let first = shown.next()?;
    shown.all(|other| other == first).then_some(first)
}
