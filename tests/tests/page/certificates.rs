//! Certificates as istiod issues them: what proves a service is a SPIFFE URI.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, IsCa, Issuer, KeyPair, SanType,
};
use serde_json::{Value, json};

/// Who signs the certificates of a mesh.
pub(crate) struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The identity of the service account `name` of the shop.
pub(crate) fn identity(name: &str) -> String {
    format!("spiffe://cluster.local/ns/widgetario/sa/{name}")
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut request = CertificateParams::default();
        request.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self {
            certificate: request.self_signed(&key).unwrap().pem(),
            issuer: Issuer::new(request, key),
        }
    }

    /// The transport socket of a listener whose service runs as `account`.
    pub(crate) fn downstream(&self, account: &str) -> Value {
        json!({ "name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "require_client_certificate": true,
            "common_tls_context": self.context(account),
        }})
    }

    /// The transport socket of a cluster that a service which runs as `account` calls.
    pub(crate) fn upstream(&self, account: &str) -> Value {
        json!({ "name": "tls", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": self.context(account),
        }})
    }

    fn context(&self, account: &str) -> Value {
        let mut request = CertificateParams::default();
        request.distinguished_name = DistinguishedName::new(); // the default is the authority's
        let uri = identity(account).try_into().unwrap();
        request.subject_alt_names.push(SanType::URI(uri));
        let key = KeyPair::generate().unwrap();
        let certificate = request.signed_by(&key, &self.issuer).unwrap();
        json!({
            "tls_certificates": [{
                "certificate_chain": { "inline_string": certificate.pem() },
                "private_key": { "inline_string": key.serialize_pem() },
            }],
            "validation_context": { "trusted_ca": { "inline_string": self.certificate } },
        })
    }
}
