//! D. A risky tool beside a safe one: the risky one asks, the safe one never does.

use std::cell::RefCell;
use std::error::Error;

use failsoft::drive::{self, Clock, Said, VirtualTime, Wanted};
use failsoft::{Route, Session, Tool, Turn};
use failsoft_examples::{Agent, listed, multiply, multiply_17_by_23, policy, print};

fn main() -> Result<(), Box<dyn Error>> {
    println!("D. A risky tool beside a safe one");

    let send_email = Wanted::json("call-2", "send_email", r#"{"to": "ada@example.org", "text": "391"}"#);
    let model = |_: &_, results: &[String]| match results {
        [] => Ok(Said::calls([multiply_17_by_23(), send_email.clone()])),
        [product, ..] => Ok(Said::answer(format!("17 times 23 is {product}"))),
    };
    let sent = RefCell::new(0);
    let tools = |call: &Wanted| match call.name.as_str() {
        "send_email" => {
            *sent.borrow_mut() += 1;
            Ok("sent".into())
        }
        _ => multiply(call),
    };

    let time = VirtualTime::new();
    let session = RefCell::new(Session::new(policy().into(), vec![Route::new("primary")])?);
    let new_turn = || {
        let risky = Tool { risky: true, ..Tool::new("send_email") };
        Turn::new(&mut session.borrow_mut(), [Tool::new("multiply"), risky].into(), time.now())
    };

    println!("without an approver:");
    print(&drive::run(&session, &mut new_turn(), &time, &mut Agent::new(model, tools)));
    println!("sent: {}", sent.borrow());

    println!("with an approver who says yes:");
    let mut asked = Vec::new();
    let mut agent = Agent::new(model, tools).approver(|call| {
        asked.push(call.name.clone());
        true
    });
    print(&drive::run(&session, &mut new_turn(), &time, &mut agent));
    drop(agent);
    println!("sent: {}", sent.borrow());
    println!("asked about: {}", listed(&asked));
    Ok(())
}
