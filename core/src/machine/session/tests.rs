//! What it does, by example.

use super::*;

#[test]
fn a_client_that_the_host_made_or_closed_by_itself_is_there_or_not() {
    let route = |name: &str, activates| Route { activates, ..Route::new(name) };
    let routes = alloc::vec![route("a", true), route("b", true), route("c", false)];
    let Ok(session) = Session::new(Policy::default().into(), routes) else { panic!("a good chain") };
    let ready = |session: &Session| [0, 1, 2].map(|at| session.is_ready(RouteId(at)));
    let mut one = session.clone().with_one_slot();
    for (at, is_there, expected) in [
        (0, true, [true, false, true]),
        (1, true, [false, true, true]),
        (0, false, [false, true, true]),
        (2, false, [false, true, true]),
        (1, false, [false, false, true]),
        (9, true, [false, false, true]),
    ] {
        one.set_ready(RouteId(at), is_there);
        assert_eq!(ready(&one), expected, "route {at}");
    }
    let mut each = session;
    each.set_ready(RouteId(1), true);
    assert_eq!(ready(&each), [true; 3]);
}
