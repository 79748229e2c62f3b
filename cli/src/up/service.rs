//! One service as a child process of `up`. It writes its addresses to standard output, logs to
//! standard error, and ends when standard input closes, however the parent ended.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use chassis::{Server, ServiceCommand, StartError, say};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// Which service to run.
#[derive(Args)]
pub(crate) struct Options {
    name: Name,

    /// The service's own flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// The services of the shop.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    ProductsApi,
    StockApi,
    Web,
}

impl Name {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ProductsApi => "products-api",
            Self::StockApi => "stock-api",
            Self::Web => "web",
        }
    }
}

/// Where a service listens: its one line on standard output, as JSON.
#[derive(Serialize, Deserialize)]
pub(crate) struct Addresses {
    pub(crate) service: SocketAddr,
    pub(crate) management: SocketAddr,
}

/// How long a service may take to stop before it is ended.
const GRACE_PERIOD: Duration = Duration::from_secs(2);

/// Runs the service until standard input closes; returns the status to end with.
pub(crate) fn run(options: Options) -> ExitCode {
    let name = options.name.as_str();
    let arguments = options.arguments;
    match options.name {
        Name::ProductsApi => serve(name, arguments, products_api::serve),
        Name::StockApi => serve(name, arguments, stock_api::serve),
        Name::Web => serve(name, arguments, web::serve),
    }
}

fn serve<S, F>(
    name: &'static str,
    arguments: Vec<String>,
    serve: impl FnOnce(S, Server) -> F,
) -> ExitCode
where
    S: Args,
    F: Future<Output = Result<(), StartError>>,
{
    match ServiceCommand::parse(name, arguments) {
        Ok(command) => chassis::start(command, parent_gone(), announce, serve),
        Err(sentence) => {
            let _ = writeln!(io::stderr(), "{sentence}");
            ExitCode::from(2)
        }
    }
}

/// Writes the addresses of a service.
fn announce(server: &Server) -> io::Result<()> {
    let addresses = Addresses {
        service: server.address()?,
        management: server.management_address()?,
    };
    say!("{}", serde_json::to_string(&addresses)?).map_err(io::Error::other)
}

/// Waits until standard input closes.
async fn parent_gone() {
    let (closed, wait) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        let _ = closed.send(());
        thread::sleep(GRACE_PERIOD);
        std::process::exit(1);
    });
    let _ = wait.await;
}
