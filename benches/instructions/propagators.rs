//! Reading the headers of a request, and writing those of a call.

use std::hint::black_box;

use axum::http::{HeaderMap, HeaderValue};
use chassis::propagation::Propagators;
use gungraun::{library_benchmark, library_benchmark_group};
use opentelemetry::Context;

const TRACEPARENT: (&str, &str) = (
    "traceparent",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
);
const TRACESTATE: (&str, &str) = ("tracestate", "widgetario=b7ad6b7169203331");
const B3_MULTI: [(&str, &str); 3] = [
    ("x-b3-traceid", "0af7651916cd43dd8448eb211c80319c"),
    ("x-b3-spanid", "b7ad6b7169203331"),
    ("x-b3-sampled", "1"),
];

/// What arrives from one of our services, directly.
fn both() -> (Propagators, HeaderMap) {
    arrived([TRACEPARENT, TRACESTATE].into_iter().chain(B3_MULTI))
}

fn w3c() -> (Propagators, HeaderMap) {
    arrived([TRACEPARENT].into_iter())
}

fn b3() -> (Propagators, HeaderMap) {
    arrived(B3_MULTI.into_iter())
}

/// What a browser sends.
fn nothing() -> (Propagators, HeaderMap) {
    arrived([].into_iter())
}

fn arrived(trace: impl Iterator<Item = (&'static str, &'static str)>) -> (Propagators, HeaderMap) {
    let others = [
        ("host", "web"),
        ("accept", "*/*"),
        ("user-agent", "a browser"),
    ];
    let header =
        |(name, value): (&'static str, _)| (name.parse().unwrap(), HeaderValue::from_static(value));
    let propagators: Propagators = "tracecontext,baggage,b3multi".parse().unwrap();
    let headers: HeaderMap = trace.chain(others).map(header).collect();
    let context = propagators.extract(&headers); // what is made once is made
    propagators.inject(&context, &mut HeaderMap::new());
    (propagators, headers)
}

/// What the headers carry.
fn context((propagators, headers): (Propagators, HeaderMap)) -> (Propagators, Context) {
    let context = black_box(&propagators).extract(black_box(&headers));
    (propagators, context)
}

#[library_benchmark]
#[bench::nothing(setup = nothing, args = ())]
#[bench::w3c(setup = w3c, args = ())]
#[bench::b3(setup = b3, args = ())]
#[bench::both(setup = both, args = ())]
fn extract((propagators, headers): (Propagators, HeaderMap)) -> (Propagators, Context) {
    context((propagators, headers))
}

fn span() -> (Propagators, Context) {
    context(both())
}

fn no_span() -> (Propagators, Context) {
    context(nothing())
}

#[library_benchmark]
#[bench::nothing(setup = no_span, args = ())]
#[bench::span(setup = span, args = ())]
fn inject((propagators, context): (Propagators, Context)) -> (HeaderMap, Context) {
    let mut headers = HeaderMap::new();
    black_box(&propagators).inject(black_box(&context), &mut headers);
    (headers, context)
}

library_benchmark_group!(name = propagators_group; benchmarks = extract, inject);
