//! C. A full outage and nobody to fall back on: a degraded answer, and no error.

use std::cell::RefCell;
use std::error::Error;

use failsoft::drive::{self, Clock, VirtualTime};
use failsoft::{Route, Session, Turn};
use failsoft_examples::{Agent, multiply, overloaded, policy, print, spans};

fn main() -> Result<(), Box<dyn Error>> {
    println!("C. A full outage, and no fallback");

    let model = |_: &_, _: &[String]| Err(overloaded());

    let time = VirtualTime::new();
    let session = RefCell::new(Session::new(policy().into(), vec![Route::new("primary")])?);
    let mut turn = Turn::new(&mut session.borrow_mut(), [].into(), time.now());

    let ended = drive::run(&session, &mut turn, &time, &mut Agent::new(model, multiply));
    print(&ended);
    println!("delays: {}", spans(&time.slept()));
    Ok(())
}
