//! Clocks and sleeps: the real ones, and a virtual one under which tests take no time.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use crate::time::{Instant, span};

/// A clock that never goes back.
pub trait Clock {
    /// Now.
    fn now(&self) -> Instant;
}

/// A clock, and a sleep that blocks.
pub trait Time: Clock {
    /// Returns after `span`.
    fn sleep(&self, span: Duration);
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Instant {
        (**self).now()
    }
}

impl<T: Time + ?Sized> Time for &T {
    fn sleep(&self, span: Duration) {
        (**self).sleep(span);
    }
}

/// The time of the machine, from zero at its construction.
#[cfg(feature = "std")]
#[derive(Debug, Clone, Copy)]
pub struct RealTime(std::time::Instant);

#[cfg(feature = "std")]
impl RealTime {
    /// A clock that stands at zero now. Everything that shares a session should share one.
    #[must_use]
    pub fn new() -> Self {
        Self(std::time::Instant::now())
    }
}

#[cfg(feature = "std")]
impl Default for RealTime {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "std")]
impl Clock for RealTime {
    fn now(&self) -> Instant {
        Instant::ZERO + self.0.elapsed()
    }
}

#[cfg(feature = "std")]
impl Time for RealTime {
    fn sleep(&self, span: Duration) {
        std::thread::sleep(span);
    }
}

/// A clock with another sleep; see [`sleeping`].
#[derive(Debug, Clone, Copy)]
pub struct Sleeping<C, F> {
    clock: C,
    sleep: F,
}

/// The clock as it is, and this function in place of its sleep. It may return at once: a stubbed sleep is a sleep.
pub const fn sleeping<C: Clock, F: Fn(Duration)>(clock: C, sleep: F) -> Sleeping<C, F> {
    Sleeping { clock, sleep }
}

impl<C: Clock, F> Clock for Sleeping<C, F> {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl<C: Clock, F: Fn(Duration)> Time for Sleeping<C, F> {
    fn sleep(&self, span: Duration) {
        (self.sleep)(span);
    }
}

/// A clock for tests: it moves when somebody sleeps, and remembers for how long.
///
/// Blocking code sleeps through [`Time`]. Asynchronous code sleeps with [`VirtualTime::nap`] inside
/// [`VirtualTime::run`], under which time jumps to the next sleeper whenever nothing else can go on.
#[derive(Debug, Default)]
pub struct VirtualTime {
    now: Cell<Instant>,
    slept: RefCell<Vec<Duration>>,
    naps: RefCell<BTreeMap<(Instant, u64), Waker>>,
    next: Cell<u64>,
}

impl VirtualTime {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        Self { now: Cell::new(now), ..Self::default() }
    }

    /// Lets time pass without a sleep: what a request takes.
    pub fn advance(&self, span: Duration) {
        self.now.set(self.now.get() + span);
    }

    /// Every blocking sleep so far, in order.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.slept.borrow().clone()
    }

    /// A sleep that does not block.
    pub fn nap(&self, span: Duration) -> Nap<'_> {
        let key = (self.now.get() + span, self.next.get());
        self.next.set(self.next.get().wrapping_add(1));
        Nap { time: self, key }
    }

    /// Runs a future to its end; whenever nothing can go on, time jumps to the next sleeper. `None` if nobody sleeps and
    /// nothing can go on: it would hang for ever.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(Arc::clone(&woken));
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(value);
            }
            if !woken.0.swap(false, Ordering::Relaxed) {
                let ((until, _), sleeper) = self.naps.borrow_mut().pop_first()?;
                self.now.set(self.now.get().max(until));
                sleeper.wake();
            }
        }
    }
}

impl Clock for VirtualTime {
    fn now(&self) -> Instant {
        self.now.get()
    }
}

impl Time for VirtualTime {
    fn sleep(&self, span: Duration) {
        self.slept.borrow_mut().push(span);
        self.advance(span);
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A sleep under [`VirtualTime`].
#[derive(Debug)]
pub struct Nap<'a> {
    time: &'a VirtualTime,
    key: (Instant, u64),
}

impl Future for Nap<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.time.now() >= self.key.0 {
            return Poll::Ready(());
        }
        self.time.naps.borrow_mut().insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        self.time.naps.borrow_mut().remove(&self.key);
    }
}

/// No sleep is longer than this: a machine that was suspended wakes to a clock that has moved.
const LONGEST_SLEEP: Duration = span(3_600_000);

/// A long sleep in slices.
pub(super) fn slices(span: Duration) -> impl Iterator<Item = Duration> {
    let mut left = span;
    core::iter::from_fn(move || {
        let slice = left.min(LONGEST_SLEEP);
        left = left.saturating_sub(slice);
        (!slice.is_zero()).then_some(slice)
    })
}

#[cfg(test)]
mod tests;
