//! `probe URL...`: a health check, and test calls through the mesh, for images that hold no other
//! program.

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use reqwest::{Method, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cause::innermost;
use crate::headers::CALLER;
use crate::output::OutputError;
use crate::say;

/// Asks addresses, and prints a line for each, in their order: the answer, or why there is none.
#[derive(Args)]
pub(crate) struct Probe {
    /// HTTP method
    #[arg(long, default_value = "GET")]
    method: Method,

    /// `http://…`: succeeds with a status below 400. `postgres://host:port`: succeeds when a
    /// PostgreSQL answers its greeting. Several are asked one after the other
    #[arg(required = true, value_name = "URL")]
    urls: Vec<Url>,
}

/// Shorter than the 5 s that Kubernetes gives a probe in our manifests.
const TIMEOUT: Duration = Duration::from_secs(4);

impl Probe {
    pub(crate) const NAME: &str = "probe";
    pub(crate) const ABOUT: &str = "Ask each URL once: print status and latency, exit 0 or 1";

    pub(crate) fn run(self) -> ExitCode {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let asked = runtime
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(self.ask()));
        match asked {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                if let Some(unread) = error.downcast_ref().and_then(OutputError::unread) {
                    return unread;
                }
                let _ = writeln!(io::stderr(), "{error}");
                ExitCode::FAILURE
            }
        }
    }

    /// Whether all answers are good.
    async fn ask(self) -> Result<bool, Box<dyn Error>> {
        let mut all_good = true;
        for url in &self.urls {
            let begin = Instant::now();
            match answer(&self.method, url).await {
                Ok((answer, good)) => {
                    all_good &= good;
                    say!("{answer} in {:.1?}", begin.elapsed())?;
                }
                Err(error) => {
                    all_good = false;
                    say!("no answer: {}", innermost(&*error))?;
                }
            }
        }
        Ok(all_good)
    }
}

/// The answer of an address, and whether it is good.
async fn answer(method: &Method, url: &Url) -> Result<(String, bool), Box<dyn Error>> {
    match url.scheme() {
        "http" => http(method, url).await,
        "postgres" => Ok(tokio::time::timeout(TIMEOUT, postgres(url)).await??),
        other => Err(format!("{other}:// is not allowed: http:// or postgres://").into()),
    }
}

async fn http(method: &Method, url: &Url) -> Result<(String, bool), Box<dyn Error>> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .build()?;
    let response = client.request(method.clone(), url.clone()).send().await?;
    let status = response.status();
    let caller = response.headers().get(CALLER);
    let caller = caller.and_then(|caller| caller.to_str().ok());
    let caller = caller.map_or(String::new(), |caller| format!(" seen as {caller}"));
    let body = response.text().await.unwrap_or_default();
    let line: String = body
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(200)
        .collect();
    let good = !status.is_client_error() && !status.is_server_error();
    Ok((format!("{status} {line}{caller}").trim_end().into(), good))
}

/// Sends an `SSLRequest`
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>): a server answers `S`
/// or `N`. A mere connection proves nothing in a mesh, whose proxy always accepts it.
async fn postgres(url: &Url) -> io::Result<(String, bool)> {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    let host = url.host_str().unwrap_or("localhost");
    let host = host.trim_matches(['[', ']']); // an IPv6 address
    let mut stream = TcpStream::connect((host, url.port().unwrap_or(5432))).await?;
    stream.write_all(&SSL_REQUEST).await?;
    Ok(match stream.read_u8().await {
        Ok(b'S' | b'N') => ("PostgreSQL answers".into(), true),
        Ok(_) => ("something other than PostgreSQL answers".into(), false),
        Err(error) => (format!("refused: {error}"), false),
    })
}
