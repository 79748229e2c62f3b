//! What is observed of the shop and of the mesh: the answers to visitors and to pods, what the
//! add-ons recorded, and the configuration of proxies. What a stage
//! claims stands in `claims`, which also says what to wait for.

pub(crate) mod access;
pub(crate) mod access_log;
pub(crate) mod address;
pub(crate) mod alerts;
pub(crate) mod callers;
pub(crate) mod endpoints;
pub(crate) mod exemplars;
pub mod jaeger;
pub(crate) mod meeting;
pub(crate) mod memory;
pub(crate) mod network_policies;
pub mod page;
pub(crate) mod probe_pods;
pub(crate) mod prometheus;
mod proxy_config;
mod request_id;
pub(crate) mod routes;
pub(crate) mod routing_proxy;
pub mod shop;
pub(crate) mod supplier;
pub(crate) mod wait;
pub(crate) mod ztunnel;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// What must be escaped in a part of a URL's query (<https://www.rfc-editor.org/rfc/rfc3986>,
/// section 2.3: all but the unreserved characters).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
