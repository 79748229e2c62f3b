//! Demo 5: what the add-ons show: graph, dashboards and traces.

pub(super) mod forest;
pub(super) mod grafana;
pub(super) mod kiali;
pub(super) mod traces;
