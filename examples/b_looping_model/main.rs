//! B. A looping model: it asks for the same tool for ever. The cap on steps stops it.

use std::cell::RefCell;
use std::error::Error;

use failsoft::drive::{self, Clock, Said, VirtualTime, Wanted};
use failsoft::{Route, Session, Tool, Turn};
use failsoft_examples::{Agent, policy, print};

fn main() -> Result<(), Box<dyn Error>> {
    println!("B. A model that asks for the same tool for ever");

    let model = |_: &_, _: &[String]| Ok(Said::calls([Wanted::json("call-1", "search", r#"{"for": "an answer"}"#)]));
    let mut searches = 0;
    let search = |_: &Wanted| {
        searches += 1;
        Ok("nothing found".into())
    };

    let mut policy = policy();
    policy.turn.steps = 4;
    let time = VirtualTime::new();
    let session = RefCell::new(Session::new(policy.into(), vec![Route::new("primary")])?);
    let mut turn = Turn::new(&mut session.borrow_mut(), [Tool::new("search")].into(), time.now());

    let ended = drive::run(&session, &mut turn, &time, &mut Agent::new(model, search));
    print(&ended);
    println!("searches: {searches}");
    Ok(())
}
