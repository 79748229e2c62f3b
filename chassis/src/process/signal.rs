//! The signals by which a process is asked to stop.

use tokio::signal;

/// Ready when the process is asked to stop: by Ctrl-C, by SIGTERM on Unix; on Windows by Ctrl-Break,
/// when the console's window is closed, and at the end of the system's session. After the last two,
/// Windows gives a process about 5 s.
pub async fn signalled() {
    tokio::select! {
        _ = signal::ctrl_c() => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => signal.recv().await,
        Err(_) => std::future::pending().await,
    };
}

#[cfg(windows)]
async fn terminated() {
    use signal::windows::{ctrl_break, ctrl_close, ctrl_shutdown};
    let (Ok(mut interrupted), Ok(mut closed), Ok(mut shut_down)) =
        (ctrl_break(), ctrl_close(), ctrl_shutdown())
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = closed.recv() => {}
        _ = shut_down.recv() => {}
    }
}
