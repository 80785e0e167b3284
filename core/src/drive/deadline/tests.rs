//! What it does, by example.

use super::*;

#[test]
fn what_hangs_is_left_behind_and_its_late_value_dropped() {
    let (release, held) = channel::<()>();
    let (tell, told) = channel();
    let answer = with_deadline(Duration::from_millis(10), move || {
        let _ = held.recv();
        let _ = tell.send("late");
        "late"
    });
    assert!(matches!(answer, Err(CallTimeout::Passed(_))));
    drop(release);
    assert_eq!(told.recv(), Ok("late"));
}

#[test]
fn a_panic_passes_on() {
    let caught = std::panic::catch_unwind(|| {
        with_deadline::<(), _>(Duration::from_secs(60), || std::panic::resume_unwind(std::boxed::Box::new("mine")))
            .is_ok()
    });
    assert_eq!(caught.err().and_then(|panic| panic.downcast_ref::<&str>().copied()), Some("mine"));
}
