//! A network between the service and its database that is slow, swallows what is sent, or leads to
//! another server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

/// A way to a database through which everything takes a while.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    target: Arc<AtomicU16>,
    silent: Arc<watch::Sender<bool>>,
}

impl Proxy {
    /// Listens at `address` before `target`, and adds `delay` in each direction.
    pub(crate) async fn before(target: u16, address: &str, delay: Duration) -> Self {
        let listener = TcpListener::bind((address, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Arc::new(watch::Sender::new(false));
        let swallow = Arc::clone(&silent);
        let target = Arc::new(AtomicU16::new(target));
        let current = Arc::clone(&target);
        tokio::spawn(async move {
            loop {
                let (here, _) = listener.accept().await.unwrap();
                let target = current.load(Ordering::Relaxed);
                tokio::spawn(join(here, target, delay, Arc::clone(&swallow)));
            }
        });
        Self {
            port,
            target,
            silent,
        }
    }

    /// Leads new connections to another `target`, as a name does when its address moves.
    pub(crate) fn lead_to(&self, target: u16) {
        self.target.store(target, Ordering::Relaxed);
    }

    /// Swallows everything, for ever on connections that something was swallowed of.
    pub(crate) fn be_silent(&self, silent: bool) {
        self.silent.send_replace(silent);
    }
}

async fn join(here: TcpStream, target: u16, delay: Duration, silent: Arc<watch::Sender<bool>>) {
    sleep(delay * 2).await; // the handshake's round trip
    let Ok(there) = TcpStream::connect(("127.0.0.1", target)).await else {
        return;
    };
    let (near, far) = (here.into_split(), there.into_split());
    tokio::join!(
        carry(near.0, far.1, delay, &silent),
        carry(far.0, near.1, delay, &silent),
    );
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    delay: Duration,
    silent: &watch::Sender<bool>,
) {
    let (send, mut arrive) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut bytes = [0; 4096];
        while let Ok(length) = from.read(&mut bytes).await
            && length > 0
        {
            if *silent.borrow() {
                std::future::pending::<()>().await;
            }
            let _ = send.send((Instant::now() + delay, bytes[..length].to_vec()));
        }
    };
    let write = async move {
        while let Some((when, bytes)) = arrive.recv().await {
            sleep_until(when).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
