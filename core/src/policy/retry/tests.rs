//! What it does, by example.

use super::*;
use crate::data::LONGEST;

fn waits(jitter: Jitter) -> [u64; 8] {
    let retry = Retry { jitter, ..Retry::default() };
    let mut rng = Rng::new(1, 1);
    let mut previous = None;
    core::array::from_fn(|n| {
        let wait = retry.backoff(u32::try_from(n).unwrap_or(0), previous, &mut rng);
        previous = Some(wait);
        millis(wait)
    })
}

#[test]
fn without_jitter_the_wait_doubles_up_to_the_cap() {
    assert_eq!(waits(Jitter::None), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
}

#[test]
fn jitter_keeps_within_its_band() {
    let ceilings = waits(Jitter::None);
    for (full, (equal, ceiling)) in waits(Jitter::Full).iter().zip(waits(Jitter::Equal).iter().zip(&ceilings)) {
        assert!(full <= ceiling && equal <= ceiling && *equal >= ceiling / 2);
    }
    assert!(waits(Jitter::Decorrelated).iter().all(|wait| (500..=30_000).contains(wait)));
}

#[test]
fn enormous_counts_and_spans_saturate() {
    let retry = Retry { base: LONGEST, cap: Duration::MAX, jitter: Jitter::None, ..Retry::default() };
    assert_eq!(retry.backoff(u32::MAX, None, &mut Rng::new(0, 0)), span(u64::MAX));
}

#[test]
fn past_the_patience_the_policy_decides() {
    let pause = |past_patience| {
        let retry = Retry { past_patience, ..Retry::default() };
        retry.pause(span(500), Some(span(120_000)), false)
    };
    assert_eq!(pause(PastPatience::MoveOn), Pause::MoveOn);
    assert_eq!(pause(PastPatience::Obey), Pause::For(span(120_000)));
    assert_eq!(pause(PastPatience::Clamp), Pause::For(span(60_000)));
    assert_eq!(pause(PastPatience::Backoff), Pause::For(span(500)));
    assert_eq!(pause(PastPatience::Fail), Pause::Fail);
}
