//! What web answers to programs, as JSON.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /api/shop` | 200 [`Content`], or 503 with [`Closed`] among the problem's members |
//! | `POST /buy/{id}` | [`Sale`], with the status of its outcome |
//! | `GET /buy` | [`Buying`]; 404 where nobody can sign in |
//!
//! What web itself does with them stands where it is done: in `shop`, `buy`, `page` and `finding`.
//!
//! The page's scripts read these answers. The walkthrough, which measures the shop, reads them with
//! these types. The types are flat, because serde cannot read a number of `arbitrary_precision` in
//! a flattened struct.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What calls name the supplier, which is none of the shop's services.
pub const SUPPLIER: &str = "supplier";

/// What the shop's page shows.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Content {
    /// What is sold, by id.
    pub products: Vec<Product>,
    /// The calls that the page needed: first that of products-api, then one of stock-api for each
    /// product, in their order. A product that was not asked about has none. The last is that of
    /// the supplier, if something is sold out and web has a supplier to ask.
    pub calls: Vec<UpstreamCall>,
    /// The trace of the request: 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// Where Jaeger shows the trace.
    pub trace_url: Option<String>,
    /// The id by which the proxies' logs name the request.
    pub request_id: Option<String>,
    /// The `end-user` that each call named.
    pub end_user: Option<String>,
    /// The headers that arrived, sorted by name.
    pub headers: Vec<Header>,
}

/// What is added to the problem when products-api did not say what is sold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Closed {
    /// The trace of the request: 32 hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The call that failed.
    pub calls: Vec<UpstreamCall>,
}

/// How a Buy ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sale {
    /// How it ended, in one word.
    pub outcome: SaleOutcome,
    /// The same in words for the customer; file names stand between backquotes.
    pub message: String,
    /// What is left, if the sale said so.
    pub product: Option<Left>,
    /// The call that made the sale; absent when stock-api was not asked.
    pub call: Option<UpstreamCall>,
    /// Who bought; absent without a token, and where nobody can sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Buyer>,
    /// The trace of the request: 32 hexadecimal digits.
    pub trace_id: Option<String>,
}

/// As whom the mesh lets a person buy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Buying {
    /// `null` without a token that names somebody.
    pub buyer: Option<Buyer>,
}

/// A person, as web's sidecar read it in a token that it had checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The claim `sub`.
    pub name: String,
    /// The claim `role`; `null` when the token has none.
    pub role: Option<String>,
}

/// A line of the shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Product {
    /// The product's number.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// In dollars, to the cent.
    #[serde(with = "rust_decimal::serde::arbitrary_precision")]
    pub price: Decimal,
    /// `null` when stock-api did not say.
    pub stock: Option<i64>,
    /// `level` in the shop's own words.
    pub availability: String,
    /// For the page's style and scripts.
    pub level: Level,
    /// Whether there is a Buy button: not when sold out.
    pub can_buy: bool,
    /// When there will be more of what is sold out, in the supplier's words, such as "Thursday".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
}

/// What is left of a product after a try to buy it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Left {
    /// The product's number.
    pub id: i64,
    /// How many there are.
    pub stock: i64,
    /// `level` in the shop's own words.
    pub availability: String,
    /// For the page's style and scripts.
    pub level: Level,
    /// Whether there is a Buy button: not when sold out.
    pub can_buy: bool,
}

/// How many are left, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// stock-api did not say how many.
    Unknown,
    /// There is none.
    #[serde(rename = "none")]
    SoldOut,
    /// Fewer than fifty.
    Few,
    /// Fifty or more.
    Plenty,
}

/// How a try to buy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleOutcome {
    /// One was sold.
    Sold,
    /// None was left.
    SoldOut,
    /// The mesh refused it.
    Refused,
    /// There is no such product.
    NotFound,
    /// It did not reach stock-api: nothing was sold.
    Failed,
    /// stock-api could not make it: nothing was sold.
    NotMade,
    /// Nobody said whether it was made.
    Unknown,
}

/// A call of one of the APIs, as web saw it. What only the called service can tell is absent when a
/// proxy, or nobody, answered in its place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpstreamCall {
    /// The service that was called.
    pub service: String,
    /// HTTP method.
    pub method: String,
    /// Path of the URL, and its query if it has one.
    pub path: String,
    /// Absent when no answer came.
    pub status: Option<u16>,
    /// Why there is no usable answer.
    pub error: Option<String>,
    /// From the request to the last byte of its answer.
    pub latency_ms: f64,
    /// The part of it in which web's proxy waited for the other end; absent without a proxy, and
    /// when the proxy answered by itself.
    pub upstream_ms: Option<f64>,
    /// The part of it that the called service took.
    pub service_ms: Option<f64>,
    /// Version that answered.
    pub version: Option<String>,
    /// Pod that answered.
    pub pod: Option<String>,
    /// How often web's proxy had tried.
    pub attempt: Option<String>,
    /// The identity under which the called service saw web: a SPIFFE URI, proved by mutual TLS.
    pub caller: Option<String>,
    /// Whether the answer came from the called service's cache, where it says so.
    pub cached: Option<bool>,
    /// From the beginning of the page's work to the request.
    pub starts_ms: f64,
    /// What went wrong with the call; absent when nothing did.
    pub finding: Option<Finding>,
}

/// What went wrong with a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What it was, in one word.
    pub cause: Cause,
    /// The same in a few words, for labels.
    pub title: String,
    /// The same in a sentence or two; file names stand between backquotes.
    pub text: String,
    /// The file that opens or ends it, where the walkthrough has one.
    pub file: Option<String>,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A proxy refused it: no policy of the mesh allows it.
    Refused,
    /// A proxy was configured to answer with an error in the service's place.
    InjectedAbort,
    /// It was answered, but late.
    Delay,
    /// More calls were under way than a proxy allows.
    Overflow,
    /// More calls came in a time than a proxy allows.
    RateLimited,
    /// A proxy knew no pod to send it to.
    NoHealthyUpstream,
    /// A proxy knew no rule that says where to send it.
    NoRoute,
    /// A proxy did not let it leave: the mesh does not know the name.
    NotRegistered,
    /// The connection broke.
    Reset,
    /// A proxy stopped waiting for the service.
    ProxyTimeout,
    /// web stopped waiting.
    Timeout,
    /// There was no connection.
    Unreachable,
    /// The service itself answered with an error.
    ServiceError,
    /// The answer was not what was agreed.
    Unreadable,
    /// A proxy answered in the service's place, in words that web does not know.
    OtherProxyAnswer,
}

/// A header that arrived with the request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// Absent when it may be a credential.
    pub value: Option<String>,
}
