//! What it does, by example.

use super::*;
use crate::time::span;

#[test]
fn a_quantile_is_believed_from_twenty_answers_on() {
    let both = Hedge { delay: Some(span(500)), quantile: Some(Thousandths(950)) };
    let mut latency = Latency::default();
    (0..19).for_each(|_| latency.add(span(100)));
    assert_eq!(both.alone_for(Some(&latency)), Some(span(500)));
    assert_eq!(Hedge { delay: None, ..both }.alone_for(Some(&latency)), None);
    latency.add(span(100));
    assert_eq!(both.alone_for(Some(&latency)), Some(span(104)));
    assert_eq!(Hedge { quantile: None, ..both }.alone_for(Some(&latency)), Some(span(500)));
}
