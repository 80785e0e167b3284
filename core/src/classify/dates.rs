//! Dates as providers write them, in milliseconds since the Unix epoch.

use super::spans::{amount, short, whole};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// One of the three forms of an HTTP date ([RFC 9110, 5.6.7](https://www.rfc-editor.org/rfc/rfc9110#http.date)); the day of
/// the week must be that of the date.
pub(super) fn http_date(text: &str) -> Option<u64> {
    let mut words = short(text)?.split([' ', ',']).filter(|word| !word.is_empty());
    let (weekday, second) = (words.next()?, words.next()?);
    let (date, clock, full) = if let [day, month, year] = *second.split('-').collect::<alloc::vec::Vec<_>>() {
        // Friday, 29-Sep-23 16:26:57 GMT
        let short = whole(year).filter(|_| year.len() == 2)?;
        let year = if short < 70 { 2000 + short } else { 1900 + short };
        let clock = words.next()?;
        words.next().filter(|zone| *zone == "GMT")?;
        ((year, month, day), clock, true)
    } else if second.starts_with(|first: char| first.is_ascii_digit()) {
        // Fri, 29 Sep 2023 16:26:57 GMT
        let (month, year, clock) = (words.next()?, words.next()?, words.next()?);
        words.next().filter(|zone| *zone == "GMT")?;
        ((whole(year)?, month, second), clock, false)
    } else {
        // Fri Sep 29 16:26:57 2023
        let (day, clock, year) = (words.next()?, words.next()?, words.next()?);
        ((whole(year)?, second, day), clock, false)
    };
    let month = MONTHS.iter().position(|name| *name == date.1)?;
    let day = day_number(date.0, month as u64 + 1, whole(date.2)?)?;
    let name = DAYS.get(usize::try_from(day % 7).ok()?)?;
    let right = weekday == if full { name } else { name.get(..3)? };
    (right && words.next().is_none()).then_some(())?;
    day.checked_mul(86_400_000)?.checked_add(clock_ms(clock)?)
}

/// A date of [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339): `2023-09-29T16:26:57.5Z`, or with an offset from UTC.
pub(super) fn rfc_3339(text: &str) -> Option<u64> {
    let text = short(text)?;
    let (date, rest) = (text.get(..10)?, text.get(11..)?);
    matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')).then_some(())?;
    let mut parts = date.split('-').map(whole);
    let day = day_number(parts.next()??, parts.next()??, parts.next()??)?;
    let at = rest.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = rest.split_at_checked(at)?;
    let ms = day.checked_mul(86_400_000)?.checked_add(clock_ms(clock)?)?;
    if zone.eq_ignore_ascii_case("z") {
        return Some(ms);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let (hours, minutes) = (whole(hours)?, whole(minutes)?);
    (hours < 24 && minutes < 60).then_some(())?;
    let offset = (hours * 60 + minutes) * 60_000;
    if zone.starts_with('+') { ms.checked_sub(offset) } else { ms.checked_add(offset) }
}

/// `16:26:57`, or with a fraction, which is rounded up; a leap second is the one after it.
fn clock_ms(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (hours, minutes, ms) = (whole(hours)?, whole(minutes)?, amount(seconds, 1000)?);
    let right = hours < 24 && minutes < 60 && ms < 61_000 && parts.next().is_none();
    right.then_some((hours * 60 + minutes) * 60_000 + ms)
}

/// Days since 1970-01-01.
fn day_number(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month).ok()?.checked_sub(1)?;
    let right = (1970..=9999).contains(&year) && (1..=*lengths.get(before)?).contains(&day);
    let leaps = |year: u64| year / 4 - year / 100 + year / 400;
    let days: u64 = lengths.iter().take(before).sum();
    right.then(|| (year - 1970) * 365 + leaps(year - 1) - leaps(1969) + days + day - 1)
}

#[cfg(test)]
mod tests;
