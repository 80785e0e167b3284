//! F. The primary is down for one turn: the backup answers, and the next turn is back on the primary.

use std::cell::{Cell, RefCell};
use std::error::Error;

use failsoft::drive::{self, Clock, Said, VirtualTime};
use failsoft::{Attempt, Route, RouteId, Session, Turn};
use failsoft_examples::{Agent, multiply, overloaded, policy, print};

fn main() -> Result<(), Box<dyn Error>> {
    println!("F. The primary is down for one turn");

    let primary_is_down = Cell::new(true);
    let model = |attempt: &Attempt, _: &[String]| match attempt.route {
        Some(RouteId(0)) if primary_is_down.get() => Err(overloaded()),
        Some(RouteId(0)) => Ok(Said::answer("hello from the primary")),
        _ => Ok(Said::answer("hello from the backup")),
    };

    let time = VirtualTime::new();
    let routes = vec![Route::new("primary"), Route::new("backup")];
    let session = RefCell::new(Session::new(policy().into(), routes)?);

    for (number, down) in [(1, true), (2, false)] {
        println!("turn {number}:");
        primary_is_down.set(down);
        let mut turn = Turn::new(&mut session.borrow_mut(), [].into(), time.now());
        print(&drive::run(&session, &mut turn, &time, &mut Agent::new(model, multiply)));
        let route = turn.scope().route().unwrap_or(RouteId(0));
        println!("route: {}", session.borrow().route_name(route));
    }
    Ok(())
}
