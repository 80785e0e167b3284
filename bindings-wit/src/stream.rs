//! What a stream of chunks comes to.

use std::cell::RefCell;

use failsoft::FailureKind;
use failsoft::stream::Chunk;

use crate::wit;

/// A stream while it is read.
pub(crate) struct Stream(RefCell<failsoft::stream::Stream>);

impl wit::GuestStream for Stream {
    fn new(accept_cut: bool, wants_usage: bool) -> Self {
        Self(RefCell::new(failsoft::stream::Stream::new(accept_cut, wants_usage)))
    }

    fn take(&self, chunk: wit::Chunk) -> wit::Seen {
        let held = Chunk {
            text: chunk.text,
            tool_call: chunk.tool_call,
            reasoning: chunk.reasoning,
            finish: chunk.finish.as_deref(),
            refusal: chunk.refusal.as_deref(),
            usage: chunk.usage,
            terminator: chunk.terminator,
            malformed: chunk.malformed,
            other: chunk.other,
        };
        self.0.borrow_mut().take(&held).into()
    }

    fn end(&self) -> Option<wit::Unusable> {
        self.0.borrow().end().map(unusable)
    }

    fn phase(&self) -> wit::FailurePhase {
        self.0.borrow().phase().into()
    }

    fn has_progressed(&self) -> bool {
        self.0.borrow().has_progressed()
    }
}

/// Why something may not be taken for a whole answer.
pub(crate) fn unusable((kind, what): (FailureKind, String)) -> wit::Unusable {
    wit::Unusable { kind: kind.into(), what }
}
