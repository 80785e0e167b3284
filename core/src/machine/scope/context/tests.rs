//! What it does, by example.

use super::*;
use crate::route::Route;

#[test]
fn the_last_attempt_of_a_pool_is_set_aside_for_one_decision() {
    let mut policy = Policy::default();
    policy.turn.attempts = Some(1);
    let make = || Session::new(policy.clone().into(), [Route::new("primary")].into());
    let (Ok(mut one), Ok(mut other)) = (make(), make()) else { panic!("a good policy") };
    let now = Instant::ZERO;
    let mut above = Scope::new(&mut one, now);
    let mut below = Scope::new(&mut other, now);
    below.inherit(above.hand_down(now, true), now);
    let deciding = Context::new(&mut one, &mut above, now);
    assert!(deciding.has_attempt() && deciding.has_attempt(), "asked again it is the same one");
    assert!(!Context::new(&mut other, &mut below, now).has_attempt());
    drop(deciding);
    let mut deciding = Context::new(&mut other, &mut below, now);
    assert!(deciding.has_attempt());
    deciding.count_attempt();
    drop(deciding);
    assert!(!Context::new(&mut one, &mut above, now).has_attempt());
}
