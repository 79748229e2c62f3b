use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};

use chassis::{Server, ServiceCommand, StartError};

use crate::{Nothing, get};

async fn bind(arguments: &[&str]) -> Result<Server, StartError> {
    let command = ServiceCommand::<Nothing>::parse("test", arguments).unwrap();
    Server::bind(command.common, std::future::pending()).await
}

fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[tokio::test]
async fn both_ports_answer_in_every_family() {
    let server = bind(&["--port=0", "--management-port=0"]).await.unwrap();
    server.ready_when(std::future::ready(()));
    let ports = [server.address(), server.management_address()].map(|place| place.unwrap().port());
    tokio::spawn(server.run_api(axum::Router::new()));
    let mut addresses = vec![IpAddr::from(Ipv4Addr::LOCALHOST)];
    addresses.extend(has_ipv6().then_some(IpAddr::from(Ipv6Addr::LOCALHOST)));
    for address in addresses {
        for (port, path) in ports.into_iter().zip(["/nothing", "/livez"]) {
            let url = format!("http://{}", std::net::SocketAddr::new(address, port));
            let answer = get(&url, path).await;
            assert_eq!(answer.status() == 200, path == "/livez", "{url}");
        }
    }
}

#[tokio::test]
async fn port_that_is_taken_in_one_family_is_refused() {
    let mut others = vec![TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap()];
    // Elsewhere a listener at one address does not keep another from listening at all of them.
    if cfg!(target_os = "linux") {
        others.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)));
    }
    for other in others {
        let port = other.local_addr().unwrap().port();
        let refused = bind(&["--port=0", &format!("--management-port={port}")]).await;
        let error = refused.err().unwrap().to_string();
        let expected = "set MANAGEMENT_PORT to a port that is free";
        assert!(error.ends_with(expected), "{error}");
    }
}

#[tokio::test]
async fn address_of_another_machine_is_refused_by_its_name() {
    // Kept for documents: https://www.rfc-editor.org/rfc/rfc5737
    let refused = bind(&["--listen-address=192.0.2.1", "--port=0"]);
    let error = refused.await.err().unwrap().to_string();
    let expected = "set LISTEN_ADDRESS to one of this machine";
    assert!(error.ends_with(expected), "{error}");
}
