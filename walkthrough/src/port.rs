//! Whether a port of this machine is free, and how to mend it when it is not.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// This machine, in a URL. Windows asks `::1` first for `localhost`, and waits up to 2 s when nobody listens
/// there.
pub const HOST: &str = if cfg!(windows) {
    "127.0.0.1"
} else {
    "localhost"
};
/// Enough for a program of this machine; on Windows a refusal alone takes up to 2 s.
const PATIENCE: Duration = Duration::from_millis(300);
/// Windows' answer to a program that listens at a port of a range that Windows keeps for itself
/// (<https://learn.microsoft.com/windows/win32/winsock/windows-sockets-error-codes-2>, WSAEACCES).
const WSAEACCES: i32 = 10013;

/// Why a program cannot listen at a port; its text is a sentence that says how to mend that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Another program listens at this port.
    Taken(u16),
    /// Windows keeps this port for itself.
    Reserved(u16),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(port) => write!(
                text,
                "another program has port {port}; stop it{}: {}",
                ours(*port),
                owner(*port)
            ),
            Self::Reserved(port) => write!(
                text,
                "port {port} is reserved by Windows; type, as administrator, `net stop winnat` and \
                 `net start winnat`, which frees it until other ports are reserved: `netsh \
                 interface ipv4 show excludedportrange protocol=tcp` lists them"
            ),
        }
    }
}

impl std::error::Error for Obstacle {}

/// Checks that nobody listens at `port` of localhost, on IPv4 or on IPv6, and that a program may.
///
/// Both ways are needed. On macOS and Windows one program may listen at 127.0.0.1 while another does
/// at all addresses, such as Docker Desktop; a program that accepts no connections yet, or
/// whose answers a firewall drops, holds the port as well. A port that only the administrator may use
/// counts as free, because a cluster's tool may be one.
///
/// # Errors
/// When another program listens there, or Windows has reserved the port.
pub fn check(port: u16) -> Result<(), Obstacle> {
    let addresses = [
        SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
    ];
    let answers = |address| TcpStream::connect_timeout(address, PATIENCE).is_ok();
    if addresses.iter().any(answers) {
        return Err(Obstacle::Taken(port));
    }
    let refusals = addresses
        .iter()
        .filter_map(|at| TcpListener::bind(at).err());
    for refusal in refusals {
        if refusal.kind() == io::ErrorKind::AddrInUse {
            return Err(Obstacle::Taken(port));
        }
        if cfg!(windows) && refusal.raw_os_error() == Some(WSAEACCES) {
            return Err(Obstacle::Reserved(port));
        }
    }
    Ok(())
}

/// How to stop the shop itself, where it runs on this machine without a cluster.
fn ours(port: u16) -> &'static str {
    match port {
        8010 => " (`docker compose down`, or Ctrl-C where `widgetario up` runs)",
        _ => "",
    }
}

/// The command that names the program at `port`.
fn owner(port: u16) -> String {
    if cfg!(windows) {
        format!("`netstat -ano | findstr :{port}` shows the number of its process")
    } else if cfg!(target_os = "macos") {
        format!("`lsof -nP -iTCP:{port} -sTCP:LISTEN` names it")
    } else {
        format!("`ss -ltnp sport = :{port}` names it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_taken_whichever_addresses_its_program_listens_at() {
        let addresses: [SocketAddr; 2] = [
            (Ipv4Addr::LOCALHOST, 0).into(),
            (Ipv4Addr::UNSPECIFIED, 0).into(),
        ];
        for address in addresses {
            let listener = TcpListener::bind(address).expect("a free port");
            let port = listener.local_addr().expect("its address").port();
            assert_eq!(check(port), Err(Obstacle::Taken(port)), "{address}");
            drop(listener);
            assert_eq!(check(port), Ok(()), "{address}");
        }
    }

    #[test]
    fn obstacle_says_how_to_mend_it() {
        let reserved = Obstacle::Reserved(8010).to_string();
        assert!(reserved.contains("port 8010 is reserved by Windows"));
        assert!(reserved.contains("`net stop winnat`"), "{reserved}");
        assert!(
            Obstacle::Taken(80)
                .to_string()
                .contains("has port 80; stop it")
        );
    }
}
