//! Sockets that listen: on every address of the machine, unless one is given.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::start_error::StartError;

/// How many connections wait to be accepted.
const BACKLOG: i32 = 1024;

/// Listens on `ip`, or on all addresses of both families. `setting` is the variable that chose the
/// port.
///
/// # Errors
/// When an address is taken or not this machine's.
pub(crate) fn listen(
    ip: Option<IpAddr>,
    port: u16,
    setting: &'static str,
) -> Result<TcpListener, StartError> {
    let listen_on = |ip| {
        let address = SocketAddr::new(ip, port);
        bind(address).map_err(|source| StartError::Bind {
            address,
            setting,
            source,
        })
    };
    match ip {
        Some(ip) => listen_on(ip),
        None => listen_on(Ipv6Addr::UNSPECIFIED.into()).or_else(|error| match &error {
            // The port is taken in one family: to serve the other alone would hide that.
            StartError::Bind { source, .. } if is_final(source) => Err(error),
            // A machine without IPv6.
            _ => listen_on(Ipv4Addr::UNSPECIFIED.into()),
        }),
    }
}

fn is_final(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AddrInUse | ErrorKind::PermissionDenied
    )
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(false)?; // IPv4, too, whatever the system's default is
    }
    // A restart need not wait for old connections; on Windows the option would share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}
