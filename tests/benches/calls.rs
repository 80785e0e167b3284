//! What a guarded call costs in Rust, beside backon, the bare call and a loop written by hand.
//!
//! `cargo xtask bench --only rust`, or `cargo bench -p failsoft-tests --bench calls [-- --rounds N] [--quick]`.
//!
//! How to read it. Every line is one call of the same trivial function, guarded in one way. All lines of a block are measured
//! in turn, in an order that moves on every round, so that whatever else the machine does hits all of them. `median` is over
//! the rounds, `spread` the middle half of them; a ratio is the median of the ratios *within* a round, which is steadier than
//! the times. A nanosecond is four instructions: below five of them a ratio says little. Nothing here fails: the last block
//! says which targets are met.
//!
//! What is fair. Nobody waits: every sleep is stubbed. `retry` and backon make up to three attempts with jitter on.
//! "everything on" is a session of two routes with retry, deadline, breaker and fallback, entered and settled by hand.

use std::cell::{Cell, RefCell};
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Stopwatch};

use backon::{BlockingRetryable, ExponentialBuilder};
use failsoft::drive::{self, Clock, RealTime, Share, sleeping};
use failsoft::policy::Thousandths;
use failsoft::{Call, Failure, FailureKind, Instant, Policy, Route, RouteId, Scope, Session, Work};

const LOOP: &str = "hand-written loop";
const BACKON: &str = "backon";
const RETRY: &str = "failsoft drive::retry";
/// How long one sample takes, about.
const SAMPLE: Duration = Duration::from_micros(500);

type Answer = Result<u64, Failure>;
type Batch<'a> = Box<dyn FnMut() + 'a>;

/// Lines that are compared with each other.
struct Block<'a> {
    title: &'static str,
    cases: Vec<(&'static str, Batch<'a>)>,
    /// Nanoseconds a call: one list a case, one entry a round.
    times: Vec<Vec<f64>>,
}

impl<'a> Block<'a> {
    fn new(title: &'static str) -> Self {
        Self { title, cases: Vec::new(), times: Vec::new() }
    }

    /// `once` is inlined into the loop that is timed.
    fn case<T>(mut self, name: &'static str, mut once: impl FnMut() -> T + 'a) -> Self {
        let mut batch = move || (0..BATCH).for_each(|_| drop(black_box(once())));
        batch();
        self.cases.push((name, Box::new(batch)));
        self
    }

    fn measured(mut self, rounds: usize) -> Self {
        let batches: Vec<u32> = self.cases.iter_mut().map(|(_, batch)| count(batch)).collect();
        self.times = vec![Vec::new(); self.cases.len()];
        let all = self.cases.len();
        for round in 0..rounds {
            for at in (0..all).map(|at| (at + round) % all) {
                let started = Stopwatch::now();
                (0..batches[at]).for_each(|_| self.cases[at].1());
                self.times[at].push(started.elapsed().as_nanos() as f64 / f64::from(batches[at] * BATCH));
            }
        }
        self
    }

    fn at(&self, name: &str) -> usize {
        self.cases.iter().position(|(known, _)| *known == name).expect("a case of this name")
    }

    /// The median of the ratios within a round.
    fn ratio(&self, name: &str, to: &str) -> f64 {
        let (a, b) = (&self.times[self.at(name)], &self.times[self.at(to)]);
        quantile(&a.iter().zip(b).map(|(a, b)| a / b).collect::<Vec<_>>(), 0.5)
    }

    fn show(&self) {
        println!("\n{}\n  {:46}{:>10}  {:20}{:>8}{:>9}", self.title, "", "median", "spread", "x loop", "x backon");
        for ((name, _), times) in self.cases.iter().zip(&self.times) {
            let [low, middle, high] = [0.25, 0.5, 0.75].map(|part| quantile(times, part));
            let spread = format!("{low:.1} - {high:.1}");
            let against = |other: &str| {
                let known = self.cases.iter().any(|(known, _)| *known == other);
                if known { format!("{:.2}", self.ratio(name, other)) } else { String::new() }
            };
            println!("  {name:46}{middle:>7.1} ns  {spread:20}{:>8}{:>9}", against(LOOP), against(BACKON));
        }
    }
}

/// Calls between two looks at anything else.
const BATCH: u32 = 64;

fn count(batch: &mut dyn FnMut()) -> u32 {
    let mut batches = 1;
    loop {
        let started = Stopwatch::now();
        (0..batches).for_each(|_| batch());
        let took = started.elapsed();
        if took >= SAMPLE {
            return batches;
        }
        batches *= 2;
    }
}

fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

// ---- What is called ----

#[inline(never)]
fn answer() -> Answer {
    Ok(black_box(391))
}

/// Fails two times in three.
struct Flaky(Cell<u32>);

impl Flaky {
    fn new() -> Self {
        Self(Cell::new(0))
    }

    #[inline(never)]
    fn ask(&self) -> Answer {
        self.0.set(self.0.get().wrapping_add(1));
        if self.0.get().is_multiple_of(3) { Ok(391) } else { Err(Failure::new(FailureKind::Overloaded)) }
    }
}

// ---- How it is guarded ----

fn by_hand(mut ask: impl FnMut() -> Answer) -> Answer {
    let mut attempt = 0;
    loop {
        match ask() {
            Ok(value) => return Ok(value),
            Err(failure) if attempt == 2 || failure.kind == FailureKind::InvalidRequest => return Err(failure),
            Err(_) => {
                no_sleep(Duration::from_millis(500 << attempt));
                attempt += 1;
            }
        }
    }
}

fn by_backon(ask: impl FnMut() -> Answer) -> Answer {
    let waits = ExponentialBuilder::default().with_max_times(2).with_jitter();
    ask.retry(waits).sleep(no_sleep).when(|failure: &Failure| failure.kind != FailureKind::InvalidRequest).call()
}

fn no_sleep(span: Duration) {
    black_box(span);
}

/// Retry, deadline, breaker and fallback over two routes.
fn everything() -> (Session, Scope) {
    let mut policy = Policy::default();
    policy.turn.deadline = Some(Duration::from_secs(86_400));
    // A benchmark that fails two times in three would open any sensible breaker and spend any budget.
    policy.breaker.rate = Thousandths(1000);
    policy.budget.floor = 1_000_000;
    let mut session =
        Session::new(policy.into(), vec![Route::new("primary"), Route::new("backup")]).expect("valid").with_seed(7);
    let scope = Scope::new(&mut session, Instant::ZERO);
    (session, scope)
}

fn fused(session: &mut Session, scope: &mut Scope, now: impl Fn() -> Instant) -> Answer {
    let mut call = Call::new(Work::Function);
    assert!(call.enter(scope, session, now()), "nothing stands in the way");
    let value = answer();
    call.settle(scope, session, now(), value.map(|_| ()));
    value
}

fn success<'a>(policy: &'a Policy) -> Block<'a> {
    let real = RealTime::new();
    let time = sleeping(real, no_sleep);
    let (mut session, mut scope) = everything();
    let (mut timed_session, mut timed_scope) = everything();
    let (mut started_session, _) = everything();
    let (shared, mut shared_scope) = everything();
    let shared = RefCell::new(shared);
    let (locked, mut locked_scope) = everything();
    let locked = Arc::new(Mutex::new(locked));
    Block::new("success path")
        .case("bare call", answer)
        .case(LOOP, || by_hand(answer))
        .case(BACKON, || by_backon(answer))
        .case(RETRY, move || drive::retry(policy, &time, Failure::clone, answer).ok())
        .case("failsoft enter + settle, everything on", move || {
            fused(&mut session, &mut scope, || Instant::from_millis(1))
        })
        .case("  the same, reading the clock twice", move || fused(&mut timed_session, &mut timed_scope, || real.now()))
        .case("  the same, a scope of its own each", move || {
            let mut scope = Scope::new(&mut started_session, real.now());
            fused(&mut started_session, &mut scope, || real.now())
        })
        .case("failsoft drive::call, RefCell, everything on", move || {
            drive::call(&shared, &mut shared_scope, Call::new(Work::Function), &time, Failure::clone, |_| answer()).ok()
        })
        .case("failsoft drive::call, Arc<Mutex>, everything on", move || {
            drive::call(&locked, &mut locked_scope, Call::new(Work::Function), &time, Failure::clone, |_| answer()).ok()
        })
}

fn failures<'a>(policy: &'a Policy) -> Block<'a> {
    let time = sleeping(RealTime::new(), no_sleep);
    let (session, _) = everything();
    let session = RefCell::new(session);
    let [one, two, three, four] = [(); 4].map(|()| Flaky::new());
    Block::new("two failures, then success; no waiting")
        .case(LOOP, move || by_hand(|| one.ask()))
        .case(BACKON, move || by_backon(|| two.ask()))
        .case(RETRY, move || drive::retry(policy, &time, Failure::clone, || three.ask()).ok())
        .case("failsoft drive::call, a scope each, everything on", move || {
            let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
            let call = Call::new(Work::Function);
            drive::call(&session, &mut scope, call, &time, Failure::clone, |_| four.ask()).ok()
        })
}

fn breakers() -> Block<'static> {
    let time = sleeping(RealTime::new(), no_sleep);
    let open = |names: &[&str]| {
        let mut policy = Policy::default();
        policy.breaker.consecutive = Some(1);
        (policy.breaker.open, policy.breaker.max_open) = (Duration::from_secs(86_400), Duration::from_secs(86_400));
        policy.retry.max_attempts = 1;
        let routes = names.iter().map(|name| Route::new(*name)).collect();
        let session = RefCell::new(Session::new(policy.into(), routes).expect("valid").with_seed(7));
        let primary_fails = |attempt: &failsoft::Attempt| {
            if attempt.route == Some(RouteId(0)) { Err(Failure::new(FailureKind::ServerError)) } else { Ok(391) }
        };
        let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
        let call = Call::new(Work::Function);
        let _ = drive::call(&session, &mut scope, call, &time, Failure::clone, primary_fails);
        assert!(session.with(|session| session.refused_until(RouteId(0), time.now())).is_some());
        session
    };
    let ask = move |session: &RefCell<Session>| {
        let mut scope = Scope::new(&mut session.borrow_mut(), time.now());
        let call = Call::new(Work::Function);
        drive::call(session, &mut scope, call, &time, Failure::clone, |_| answer())
    };
    let (alone, two, closed) = (open(&["only"]), open(&["primary", "backup"]), RefCell::new(everything().0));
    assert!(ask(&alone).is_err() && ask(&two).is_ok() && ask(&closed).is_ok());
    Block::new("breaker, a scope each, everything on")
        .case(LOOP, || by_hand(answer))
        .case("failsoft drive::call, breaker closed", move || ask(&closed).ok())
        .case("failsoft drive::call, breaker open, one route", move || ask(&alone).err())
        .case("failsoft drive::call, breaker open, backup answers", move || ask(&two).ok())
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let after = |name: &str| arguments.iter().skip_while(|given| *given != name).nth(1);
    let quick = arguments.iter().any(|given| given == "--quick");
    let rounds = after("--rounds").and_then(|text| text.parse().ok()).unwrap_or(if quick { 20 } else { 300 });
    println!("{rounds} rounds");
    let policy = Policy::default();
    let blocks = [success(&policy), failures(&policy), breakers()].map(|block| {
        let block = block.measured(rounds);
        block.show();
        block
    });
    println!("\ntargets");
    let (ratio, most) = (blocks[0].ratio(RETRY, BACKON), 1.5);
    let word = if ratio <= most { "met".into() } else { format!("missed by {:.0} %", (ratio / most - 1.0) * 100.0) };
    println!("  success, drive::retry to backon: at most {ratio:15.2} x of {most} x  {word}");
}
