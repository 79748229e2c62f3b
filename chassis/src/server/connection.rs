//! A connection that waits for ever between requests, but not within one.
//!
//! A client that begins a request must have seen the first byte of its answer within a deadline, or
//! the connection is closed: this ends half-sent heads and bodies. Between requests nothing ends
//! it: a proxy such as Envoy keeps idle connections for an hour, and the side that closes one first
//! makes the request that is just being sent fail (503 `UC`). hyper's own `header_read_timeout`
//! counts the idle time too, which is why it is not used.
//!
//! What is left out: a half-sent head that arrives together with the request before it (pipelined)
//! has no deadline. It costs no more than an idle connection does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Longer than the longest request that is answered, so that only what never ends is cut.
pub(crate) const REQUEST_DEADLINE: Duration = Duration::from_mins(1);

/// A byte stream with a deadline for each request on it.
pub(crate) struct Connection<S> {
    stream: S,
    /// Set from a request's first byte to its answer's first byte.
    deadline: Option<Instant>,
    /// Wakes the task of a request that waits. It is made once, and moved on when it is needed again:
    /// most requests are answered before they wait.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            deadline: None,
            timer: None,
        }
    }

    /// Ready at `deadline`.
    fn poll_timer(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // An earlier request's end is too early for this one.
        while timer.deadline() < deadline {
            ready!(timer.as_mut().poll(context));
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(context)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if Pin::new(&mut self.stream)
            .poll_read(context, buffer)?
            .is_ready()
        {
            // The first bytes of a request, or more of one under way, whose deadline stays as it is:
            // a client that sends a byte now and then gains nothing. No bytes are the end of the
            // stream, which hyper takes care of.
            if buffer.filled().len() > before && self.deadline.is_none() {
                self.deadline = Some(Instant::now() + REQUEST_DEADLINE);
            }
            return Poll::Ready(Ok(()));
        }
        // Nothing to read. The stream wakes this task when there is; within a request, so does the
        // deadline, which must therefore be polled, too. Between requests there is none: the task may
        // sleep for hours.
        match self.deadline {
            Some(deadline) => {
                ready!(self.poll_timer(deadline, context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // The answer has begun, and its reader may take as long as it likes.
        self.deadline = None;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.deadline = None;
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn half_sent_request_ends_at_the_deadline() {
        let (mut client, server) = duplex(64);
        let mut server = Connection::new(server);
        client.write_all(b"GET / HT").await.unwrap();
        let error = server.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_connection_stays_open_for_hours() {
        let (mut client, server) = duplex(64);
        let mut server = Connection::new(server);
        client.write_all(b"GET").await.unwrap();
        server.read_exact(&mut [0; 3]).await.unwrap();
        server.write_all(b"200").await.unwrap();
        let hours = Duration::from_hours(2);
        timeout(hours, server.read_u8())
            .await
            .expect_err("still open");
        client.write_all(b"!").await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), b'!');
    }
}
