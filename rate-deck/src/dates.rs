//! Dates as people write them, as moments in UTC.

use crate::rejections::Reason;
use rating::Timestamp;
use serde::{Deserialize, Serialize};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Years that are read: anything else is a misprint.
const YEARS: std::ops::RangeInclusive<i64> = 1990..=9999;

/// The first moment of the year 2200. No rate begins then; one that ends then or later, such as on 9999-12-31,
/// has no end.
pub(crate) const FOREVER: Timestamp = Timestamp(84_006 * SECONDS_PER_DAY * MICROS_PER_SECOND);

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// In which order dates of numbers alone are written. A year of four digits that comes first is
/// always followed by the month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// What the first dates of the file show. When they show nothing, a date that could be meant
    /// either way is rejected.
    #[default]
    Found,
    /// `22/11/2026`.
    DayFirst,
    /// `11/22/2026`.
    MonthFirst,
}

/// How dates are to be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DateWriting {
    /// Of dates of numbers alone.
    pub(crate) order: DateOrder,
    /// A person says so; otherwise other dates of the file show it.
    pub(crate) is_told: bool,
}

/// A date, or a date and a time of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) at: Timestamp,
    /// A day without a time of it; midnight is how spreadsheets write one.
    pub(crate) is_day: bool,
}

impl Moment {
    /// The first moment after it: after a day as a whole.
    pub(crate) fn end(self) -> Timestamp {
        let length = i64::from(self.is_day) * SECONDS_PER_DAY * MICROS_PER_SECOND;
        Timestamp(self.at.0 + length)
    }
}

/// Reads a date, or a date and a time of UTC.
pub(crate) fn date(text: &str, writing: DateWriting) -> Result<Moment, Reason> {
    let (date, time) = split_time(text.trim());
    let parts = parts(date)?;
    let days = match parts {
        [Part::Number(year, 4), month, day] => {
            days_since_epoch(year, month_of(month)?, number(day)?)
        }
        [Part::Number(day, _), Part::Month(month), year] => {
            days_since_epoch(full_year(year)?, month, day)
        }
        [Part::Month(month), day, year] => days_since_epoch(full_year(year)?, month, number(day)?),
        [
            Part::Number(one, _),
            Part::Number(two, _),
            Part::Number(three, 2),
        ] if !writing.is_told => Some(of_pairs(one, two, three, writing.order)?),
        [Part::Number(one, _), Part::Number(two, _), year] => {
            let is_day_first = day_first(one, two, writing.order)?;
            let (day, month) = if is_day_first { (one, two) } else { (two, one) };
            days_since_epoch(full_year(year)?, month, day)
        }
    };
    let days = days.ok_or(Reason::NotADate)?;
    let seconds = seconds_of_day(time)?;
    Ok(Moment {
        at: Timestamp((days * SECONDS_PER_DAY + seconds) * MICROS_PER_SECOND),
        is_day: seconds == 0,
    })
}

/// The day of three numbers of two digits, when there is one way alone to read them: the year may
/// be the first as well as the last.
fn of_pairs(one: i64, two: i64, three: i64, order: DateOrder) -> Result<i64, Reason> {
    let year_first = days_since_epoch(2000 + one, two, three);
    let day_first = days_since_epoch(2000 + three, two, one);
    let month_first = days_since_epoch(2000 + three, one, two);
    let readings = [
        year_first,
        day_first.filter(|_| order != DateOrder::MonthFirst),
        month_first.filter(|_| order != DateOrder::DayFirst),
    ];
    let mut days = readings.into_iter().flatten();
    let first = days.next().ok_or(Reason::NotADate)?;
    if days.all(|day| day == first) {
        Ok(first)
    } else {
        Err(Reason::AmbiguousDate)
    }
}

/// The order that a date shows beyond doubt. With a year of two digits it shows none: the first
/// may be the year.
pub(crate) fn shown_order(text: &str) -> Option<DateOrder> {
    let (date, _) = split_time(text.trim());
    match parts(date).ok()? {
        [
            Part::Number(one, 1..=2),
            Part::Number(two, 1..=2),
            Part::Number(_, 4),
        ] => match (one > 12, two > 12) {
            (true, false) => Some(DateOrder::DayFirst),
            (false, true) => Some(DateOrder::MonthFirst),
            _ => None,
        },
        _ => None,
    }
}

fn day_first(one: i64, two: i64, order: DateOrder) -> Result<bool, Reason> {
    match order {
        DateOrder::DayFirst => Ok(true),
        DateOrder::MonthFirst => Ok(false),
        DateOrder::Found if one > 12 || one == two => Ok(true),
        DateOrder::Found if two > 12 => Ok(false),
        DateOrder::Found => Err(Reason::AmbiguousDate),
    }
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// A number and how many digits it has.
    Number(i64, usize),
    /// A month by its name, from 1.
    Month(i64),
}

/// The three parts of a date, however they are divided; `20261122` is three too.
fn parts(date: &str) -> Result<[Part; 3], Reason> {
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok([part(&date[..4])?, part(&date[4..6])?, part(&date[6..])?]);
    }
    let is_mark = |letter: char| matches!(letter, '-' | '/' | '.' | ' ' | ',');
    let mut texts = date.split(is_mark).filter(|part| !part.is_empty());
    let mut next = || part(texts.next().unwrap_or_default());
    let parts = [next()?, next()?, next()?];
    if texts.next().is_some() {
        return Err(Reason::NotADate);
    }
    Ok(parts)
}

fn part(text: &str) -> Result<Part, Reason> {
    if (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = text.parse().map_err(|_| Reason::NotADate)?;
        return Ok(Part::Number(number, text.len()));
    }
    let name = text.to_lowercase();
    let month = MONTHS.iter().position(|month| name.starts_with(month));
    let month = month.ok_or(Reason::NotADate)?;
    Ok(Part::Month(month as i64 + 1))
}

fn number(part: Part) -> Result<i64, Reason> {
    match part {
        Part::Number(number, _) => Ok(number),
        Part::Month(_) => Err(Reason::NotADate),
    }
}

fn month_of(part: Part) -> Result<i64, Reason> {
    match part {
        Part::Number(month, _) | Part::Month(month) => Ok(month),
    }
}

/// A year of two digits is of this century.
fn full_year(part: Part) -> Result<i64, Reason> {
    match part {
        Part::Number(year, 4) => Ok(year),
        Part::Number(year, 2) => Ok(2000 + year),
        _ => Err(Reason::NotADate),
    }
}

/// The date, and the time behind it.
fn split_time(text: &str) -> (&str, &str) {
    let colon = text.find(':').unwrap_or(text.len());
    let end = text[..colon]
        .rfind(['T', ' '])
        .filter(|_| colon < text.len());
    match end {
        Some(end) => (&text[..end], text[end + 1..].trim()),
        None => (text, ""),
    }
}

/// `hh:mm[:ss[.f]]`, with `Z`, `AM` or `PM` behind it.
fn seconds_of_day(time: &str) -> Result<i64, Reason> {
    if time.is_empty() {
        return Ok(0);
    }
    let upper = time.to_ascii_uppercase();
    let clock = upper.trim_end_matches(|letter: char| letter.is_alphabetic() || letter == ' ');
    let suffix = upper[clock.len()..].trim();
    let mut numbers = [0_i64; 3];
    for (slot, text) in numbers.iter_mut().zip(clock.splitn(3, ':')) {
        let whole = text.split('.').next().unwrap_or_default();
        *slot = whole.parse().map_err(|_| Reason::NotADate)?;
    }
    let [hour, minute, second] = numbers;
    let hour = match (suffix, hour) {
        ("" | "Z" | "UTC" | "GMT", hour) => hour,
        ("AM", 12) => 0,
        ("AM", hour @ 1..=11) | ("PM", hour @ 12) => hour,
        ("PM", hour @ 1..=11) => hour + 12,
        _ => return Err(Reason::NotADate),
    };
    let is_sound =
        (0..24).contains(&hour) && (0..60).contains(&minute) && (0..60).contains(&second);
    if is_sound {
        Ok(hour * 3_600 + minute * 60 + second)
    } else {
        Err(Reason::NotADate)
    }
}

/// Days since 1970-01-01 of a day of the Gregorian calendar.
fn days_since_epoch(year: i64, month: i64, day: i64) -> Option<i64> {
    if !YEARS.contains(&year) || !(1..=12).contains(&month) || day < 1 {
        return None;
    }
    (day <= days_in_month(year, month)).then(|| first_of_month(year, month) + day - 1)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A year is counted from March, so that the leap day is its last.
fn first_of_month(year: i64, month: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let months = (month + 9) % 12;
    let days = 365 * year + year / 4 - year / 100 + year / 400;
    days + (153 * months + 2) / 5 - 719_468
}

/// `2026-11-22`, or `2026-11-22T08:00:00Z` when it is not midnight of UTC.
pub fn date_text(at: Timestamp) -> String {
    let seconds = at.0.div_euclid(MICROS_PER_SECOND);
    let (days, of_day) = (
        seconds.div_euclid(SECONDS_PER_DAY),
        seconds.rem_euclid(SECONDS_PER_DAY),
    );
    let (year, month, day) = civil(days);
    if of_day == 0 {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The day of the calendar that is so many days from 1970-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    // An average year may be off by one; the first of March is then that of a neighbour.
    let mut year = 1970 + days * 400 / 146_097;
    while first_of_month(year + 1, 1) <= days {
        year += 1;
    }
    while first_of_month(year, 1) > days {
        year -= 1;
    }
    let month = (1..=12)
        .rev()
        .find(|month| first_of_month(year, *month) <= days)
        .unwrap_or(1);
    (year, month, days - first_of_month(year, month) + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

    use super::*;
    use DateOrder::{DayFirst, Found, MonthFirst};
    use proptest::prelude::*;

    /// As a file shows it.
    fn read(text: &str, order: DateOrder) -> Result<String, Reason> {
        let is_told = false;
        date(text, DateWriting { order, is_told }).map(|moment| date_text(moment.at))
    }

    /// As a mapping says it.
    fn told(text: &str, order: DateOrder) -> Result<String, Reason> {
        let is_told = true;
        date(text, DateWriting { order, is_told }).map(|moment| date_text(moment.at))
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        let cases = [
            ("2026-11-22", Found, "2026-11-22"),
            ("2026/11/22", MonthFirst, "2026-11-22"),
            ("22.11.2026", Found, "2026-11-22"),
            ("11/22/2026", Found, "2026-11-22"),
            ("05/06/2026", DayFirst, "2026-06-05"),
            ("05/06/2026", MonthFirst, "2026-05-06"),
            ("05/05/2026", Found, "2026-05-05"),
            ("22-Nov-26", Found, "2026-11-22"),
            ("Nov 22, 2026", Found, "2026-11-22"),
            ("22 November 2026", Found, "2026-11-22"),
            ("20261122", Found, "2026-11-22"),
            ("2026-11-22 00:00:00", Found, "2026-11-22"),
            ("2026-11-22T08:30:00Z", Found, "2026-11-22T08:30:00Z"),
            ("11/22/2026 8:30 PM", Found, "2026-11-22T20:30:00Z"),
            ("29.02.2028", Found, "2028-02-29"),
        ];
        for (text, order, expected) in cases {
            assert_eq!(read(text, order), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused_with_its_reason() {
        assert_eq!(read("05/06/2026", Found), Err(Reason::AmbiguousDate));
        for text in [
            "",
            "soon",
            "31.04.2026",
            "29.02.2026",
            "2026-13-01",
            "1.1.1900",
            "22/11",
            "2026",
            "2026-11-22 25:00",
            "2026-11-22-01",
            "13 PM",
            "2026-11-22 13:00 PM",
        ] {
            assert_eq!(read(text, Found), Err(Reason::NotADate), "{text}");
        }
    }

    #[test]
    fn three_pairs_of_digits_are_no_date_until_the_order_is_told() {
        for text in ["26-11-22", "22-11-26", "22.11.26", "05/06/26", "31.12.26"] {
            for order in [Found, DayFirst] {
                assert_eq!(read(text, order), Err(Reason::AmbiguousDate), "{text}");
            }
        }
        assert_eq!(told("22.11.26", DayFirst), Ok("2026-11-22".to_owned()));
        assert_eq!(told("11/22/26", MonthFirst), Ok("2026-11-22".to_owned()));
        assert_eq!(read("26-26-11", Found), Err(Reason::NotADate));
        assert_eq!(read("05/05/05", Found), Ok("2005-05-05".to_owned()));
        assert_eq!(shown_order("26-11-22"), None);
        assert_eq!(shown_order("22/11/2026"), Some(DayFirst));
    }

    #[test]
    fn a_day_without_a_time_ends_with_itself() {
        let end = |text| date(text, DateWriting::default()).unwrap().end();
        assert_eq!(date_text(end("2026-12-31")), "2027-01-01");
        assert_eq!(date_text(end("2026-12-31 08:00")), "2026-12-31T08:00:00Z");
    }

    #[test]
    fn known_days_have_their_numbers() {
        for (text, days) in [
            ("1990-01-01", 7_305),
            ("2000-03-01", 11_017),
            ("2026-11-22", 20_779),
        ] {
            let micros = days * SECONDS_PER_DAY * MICROS_PER_SECOND;
            let read = date(text, DateWriting::default()).map(|moment| moment.at);
            assert_eq!(read, Ok(Timestamp(micros)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in 631_152_000_i64..7_258_118_400) {
            let at = Timestamp(seconds * MICROS_PER_SECOND);
            let read = date(&date_text(at), DateWriting::default()).map(|moment| moment.at);
            prop_assert_eq!(read, Ok(at));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9/.: TZAPM]{0,24}|\\PC{0,24}", micros in any::<i64>()) {
            for order in [Found, DayFirst, MonthFirst] {
                let _ = (read(&text, order), told(&text, order));
            }
            let _ = shown_order(&text);
            let _ = date_text(Timestamp(micros));
        }
    }
}
