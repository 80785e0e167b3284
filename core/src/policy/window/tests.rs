//! What it does, by example.

use super::*;
use crate::time::span;
use crate::value::Value;
use crate::visit::Group;

#[test]
fn events_fall_out_slice_by_slice() {
    let slices = Slices { window: span(10_000), buckets: 10 };
    let mut window = Window::default();
    for second in 0..10 {
        window.add(slices, Instant::from_millis(second * 1000), [1, 0, 0]);
    }
    let total = |window: &mut Window, at| window.sums(slices, Instant::from_millis(at))[0];
    assert_eq!(total(&mut window, 9_999), 10);
    assert_eq!(total(&mut window, 10_000), 9);
    assert_eq!(total(&mut window, 14_500), 5);
    assert_eq!(total(&mut window, 60_000), 0);
}

#[test]
fn a_shifted_window_forgets_at_the_same_pace() {
    let slices = Slices { window: span(10_000), buckets: 10 };
    let mut window = Window::default();
    window.add(slices, Instant::from_millis(1_000), [1, 0, 1]);
    window.add(slices, Instant::from_millis(5_000), [0, 1, 1]);
    let stored = Visitor::write(&mut window, None);
    let mut moved = Group(|visitor: &mut Visitor<'_>| {
        visitor.travel.now = Instant::from_millis(3_000);
        visitor.part("window", &mut window);
    });
    let read = Visitor::restore(&Value::Map([("window".into(), stored)].into()), "", &mut moved);
    assert_eq!(read, Ok(false));
    assert_eq!(window.sums(slices, Instant::from_millis(13_999)), [1, 1, 2]);
    assert_eq!(window.sums(slices, Instant::from_millis(14_000)), [0, 1, 1]);
}
