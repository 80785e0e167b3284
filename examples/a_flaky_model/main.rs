//! A. A model that fails twice, then works: it asks for a tool and answers with what the tool brought.

use std::cell::RefCell;
use std::error::Error;

use failsoft::drive::{self, Clock, Said, VirtualTime, sleeping};
use failsoft::{Route, Session, Tool, Turn};
use failsoft_examples::{Agent, multiply, multiply_17_by_23, overloaded, policy, print, spans};

fn main() -> Result<(), Box<dyn Error>> {
    println!("A. A model that fails twice, then works");

    let mut outages = 2;
    let model = |_: &_, results: &[String]| {
        if outages > 0 {
            outages -= 1;
            return Err(overloaded());
        }
        Ok(match results {
            [] => Said::calls([multiply_17_by_23()]),
            [product, ..] => Said::answer(format!("17 times 23 is {product}")),
        })
    };

    // A clock that stands still, and a sleep that only writes down for how long: a stubbed sleep is a sleep.
    let delays = RefCell::new(Vec::new());
    let time = sleeping(VirtualTime::new(), |span| delays.borrow_mut().push(span));
    let session = RefCell::new(Session::new(policy().into(), vec![Route::new("primary")])?);
    let mut turn = Turn::new(&mut session.borrow_mut(), [Tool::new("multiply")].into(), time.now());

    let ended = drive::run(&session, &mut turn, &time, &mut Agent::new(model, multiply));
    print(&ended);
    println!("delays: {}", spans(&delays.borrow()));
    Ok(())
}
