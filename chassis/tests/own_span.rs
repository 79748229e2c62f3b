//! What a handler adds to its trace with `tracing`'s own macros. (A file of its own, because a process
//! starts its telemetry once.)
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc;

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use chassis::{Server, ServiceCommand};
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::Instrument;

#[derive(clap::Args)]
struct NoSettings {}

async fn work() {
    let span = tracing::info_span!(target: chassis::SPAN, "work", answer = 42);
    async { chassis::cached(true) }.instrument(span).await;
}

/// A collector that passes on each span. Returns its address.
async fn collector(spans: mpsc::Sender<Span>) -> SocketAddr {
    let take = async move |body: Bytes| {
        let traces = TracesData::decode(body).unwrap();
        let scopes = traces
            .resource_spans
            .into_iter()
            .flat_map(|of| of.scope_spans);
        scopes
            .flat_map(|of| of.spans)
            .for_each(|span| spans.send(span).unwrap());
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, Router::new().fallback(take)).into_future());
    address
}

#[test]
fn span_by_tracing_is_a_child_of_the_requests_span() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (send, spans) = mpsc::channel();
    let endpoint = format!(
        "--otlp-endpoint=http://{}",
        runtime.block_on(collector(send))
    );
    let flags = [
        "--listen-address=127.0.0.1",
        "--port=0",
        "--management-port=0",
        "--drain=0",
    ];
    let command = ServiceCommand::parse("test", [&flags[..], &[&endpoint]].concat()).unwrap();

    let (stop, stopped) = oneshot::channel::<()>();
    let bound = |server: &Server| {
        let address = server.address()?;
        std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            let request = "GET /work HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            stream.read_to_string(&mut String::new()).unwrap();
            stop.send(()).unwrap();
        });
        Ok(())
    };
    let serve =
        |_: NoSettings, server: Server| server.run_api(Router::new().route("/work", get(work)));
    let ended = chassis::start(command, async { drop(stopped.await) }, bound, serve);
    assert_eq!(ended, ExitCode::SUCCESS);

    let spans: Vec<Span> = spans.try_iter().collect();
    let named = |name| spans.iter().find(|span| span.name == name).expect(name);
    let (request, own) = (named("GET /work"), named("work"));
    assert_eq!(own.trace_id, request.trace_id);
    assert_eq!(own.parent_span_id, request.span_id);
    let has = |span: &Span, key| span.attributes.iter().any(|attribute| attribute.key == key);
    assert!(
        has(own, "answer") && has(own, "widgetario.cached"),
        "{own:?}"
    );
}
