//! At which end a proxy answered in a service's place.

use chassis::Call;

use crate::settings::Mesh;

/// The end of a call at which a proxy answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// web's own sidecar.
    Web,
    /// The sidecar of the called service.
    Service,
    /// The waypoint between both: in an ambient mesh nobody else answers HTTP.
    Waypoint,
}

impl End {
    /// Where the answer to `call`, which was made in a `mesh`, came from. When the caller's own sidecar
    /// gave it, there is no time of the other end.
    pub(super) fn of(call: &Call, mesh: Mesh) -> Self {
        match mesh {
            Mesh::Ambient => Self::Waypoint,
            Mesh::Sidecars if call.upstream_ms.is_none() => Self::Web,
            Mesh::Sidecars => Self::Service,
        }
    }

    /// The proxy in words, such as "web's sidecar".
    pub(super) fn proxy(self, call: &Call) -> String {
        match self {
            Self::Web => "web's sidecar".to_owned(),
            Self::Service => format!("{}'s sidecar", call.service),
            Self::Waypoint => "the waypoint".to_owned(),
        }
    }

    /// The same at the beginning of a sentence; names of services keep their small letter.
    pub(super) fn proxy_at_the_start(self, call: &Call) -> String {
        match self {
            Self::Waypoint => "The waypoint".to_owned(),
            Self::Web | Self::Service => self.proxy(call),
        }
    }
}
