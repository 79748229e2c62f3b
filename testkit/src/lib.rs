//! What tests start: a database, a service, Envoy, a browser.
