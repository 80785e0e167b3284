//! One TCP connection under hyper, with the two powers a handler needs over it: to know that everything was handed
//! to the kernel, and to have the connection end in a reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// What a handler knows of the connection its request came over.
#[derive(Debug, Default)]
pub(crate) struct Line {
    number: u64,
    reset: AtomicBool,
    flushed: Notify,
}

impl Line {
    /// The line of connection `number`.
    pub(crate) fn new(number: u64) -> Arc<Self> {
        Arc::new(Self { number, ..Self::default() })
    }

    /// Which connection it is, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// From now on the connection ends with a reset instead of an orderly close.
    pub(crate) fn reset_at_end(&self) {
        self.reset.store(true, Ordering::Release);
    }

    /// Returns once everything written so far is with the kernel. To be awaited inside a response body: hyper flushes
    /// whenever the body has nothing to give.
    pub(crate) async fn flushed(&self) {
        self.flushed.notified().await;
    }
}

/// The socket, as hyper sees it.
pub(crate) struct Wire {
    stream: TcpStream,
    line: Arc<Line>,
}

impl Wire {
    /// Puts a line on a socket.
    pub(crate) fn new(stream: TcpStream, line: Arc<Line>) -> Self {
        Self { stream, line }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if self.line.reset.load(Ordering::Acquire) {
            // Closing a socket that must not linger sends RST instead of FIN. If the option cannot be set the socket
            // is dead already.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.line.flushed.notify_waiters();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
