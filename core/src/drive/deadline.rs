//! A time limit for what cannot be interrupted.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::Builder;

use super::driver::timed_out;
use crate::policy::failure::{Failure, FailureKind, Phase};
use crate::time::Seconds;

/// Runs a function on a thread of its own and returns without it when `timeout` passes.
///
/// A thread cannot be killed: one that hangs stays, with all it holds, until its function returns by itself or the process
/// ends; whatever it brings then is dropped. It does not keep the process alive. So where the function has a limit of its own,
/// set that to `attempt.timeout` and use this only for what has none: `reqwest`'s and `ureq`'s `timeout`,
/// `TcpStream::set_read_timeout`, a database's statement timeout. Asynchronous code needs none of this: a dropped future is
/// stopped.
///
/// A panic of the function passes on to the caller.
///
/// # Errors
/// [`CallTimeout`], when the limit passed, or when the operating system had no thread to give.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use failsoft::drive::with_deadline;
///
/// assert_eq!(with_deadline(Duration::from_secs(5), || 17 * 23).ok(), Some(391));
/// ```
pub fn with_deadline<T, F>(timeout: Duration, f: F) -> Result<T, CallTimeout>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    let (sender, receiver) = channel();
    let run = move || {
        // When nobody waits any more, the late value is dropped here.
        let _ = sender.send(f());
    };
    let thread = Builder::new().name("failsoft".into()).spawn(run).map_err(CallTimeout::NoThread)?;
    match receiver.recv_timeout(timeout) {
        Ok(value) => Ok(value),
        Err(RecvTimeoutError::Timeout) => Err(CallTimeout::Passed(timeout)),
        // It ended without a value: it panicked.
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Err(CallTimeout::Passed(timeout)),
        },
    }
}

/// Why [`with_deadline`] returned without a value.
#[derive(Debug)]
pub enum CallTimeout {
    /// This limit passed.
    Passed(Duration),
    /// The operating system had no thread to give.
    NoThread(std::io::Error),
}

impl CallTimeout {
    /// What kind of failure it is.
    #[must_use]
    pub fn failure(&self) -> Failure {
        match self {
            Self::Passed(_) => timed_out(),
            // Our own crowd, as a full pool of connections: it is not counted, and a little later there may be room.
            Self::NoThread(_) => Failure { phase: Some(Phase::Pool), ..Failure::new(FailureKind::Connect) },
        }
    }
}

impl fmt::Display for CallTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed(timeout) => write!(f, "no answer within {}", Seconds(*timeout)),
            Self::NoThread(error) => write!(f, "no thread to run it on: {error}"),
        }
    }
}

impl Error for CallTimeout {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Passed(_) => None,
            Self::NoThread(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests;
