//! Filtered lists, asked of a small and of a large store in turns.

use crate::load::{Figure, drive};
use crate::seed::{CATEGORIES, WORDS};
use crate::switch::Switch;
use std::time::Duration;

/// Turns; the figures are medians over them.
const ROUNDS: usize = 7;

/// How long each question is asked of each store in each turn.
const SPAN: Duration = Duration::from_secs(2);

/// Rows of each page.
const PAGE: usize = 50;

/// What is asked, and what came of it.
pub(crate) struct ListFigures {
    pub(crate) question: &'static str,
    pub(crate) few: Vec<Figure>,
    pub(crate) many: Vec<Figure>,
}

/// A question, in one form for each category.
struct Question {
    title: &'static str,
    path: fn(usize) -> String,
}

const QUESTIONS: [Question; 4] = [
    Question {
        title: "a filter",
        path: |number| format!("category=category-{number}"),
    },
    Question {
        title: "a filter, last changed first",
        path: |number| format!("category=category-{number}&sort=-updated_at"),
    },
    Question {
        title: "two filters",
        path: |number| format!("category=category-{number}&status=active"),
    },
    Question {
        title: "a filter and a searched word",
        path: |number| {
            let word = &WORDS[number % WORDS.len()][..4];
            format!("status=active&q={word}")
        },
    },
];

pub(crate) fn measure(few: &Switch, many: &Switch) -> Vec<ListFigures> {
    QUESTIONS
        .iter()
        .map(|question| {
            let paths: Vec<String> = (0..CATEGORIES)
                .map(|number| {
                    let filter = (question.path)(number);
                    format!("/api/v1/customers?limit={PAGE}&{filter}")
                })
                .collect();
            for switch in [few, many] {
                paths.iter().for_each(|path| check(switch, path));
            }
            let mut figures = ListFigures {
                question: question.title,
                few: Vec::new(),
                many: Vec::new(),
            };
            for _ in 0..ROUNDS {
                figures.few.push(drive(few, &paths, SPAN));
                figures.many.push(drive(many, &paths, SPAN));
            }
            figures
        })
        .collect()
}

/// That a page is full, and so that the figures are of what they say.
fn check(switch: &Switch, path: &str) {
    let page = switch.get(path);
    assert_eq!(page["items"].as_array().unwrap().len(), PAGE, "{path}");
}
