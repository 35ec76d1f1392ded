//! A mesh's authority, with a certificate for each identity.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};

/// The names in the certificates of clients.
pub(crate) const IDENTITIES: [&str; 7] = [
    "spiffe://cluster.local/ns/foo/sa/sleep",
    "spiffe://cluster.local/ns/bar/sa/httpbin",
    "spiffe://cluster.local/ns/foo-bar/sa/default",
    "spiffe://td1/ns/foo/sa/sleep",
    "spiffe://cluster.local/ns/prod/sa/sleep",
    "spiffe://td1/ns/Foo/sa/a.b",
    "spiffe://old-td/ns/bar/sa/default",
];

struct Pair {
    certificate: CertificateDer<'static>,
    key: KeyPair,
    pem: String,
}

pub(crate) struct Authority {
    pem: String,
    server: Pair,
    clients: Vec<Pair>,
    roots: Arc<RootCertStore>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A certificate whose issuer has its own name would be taken for a root.
        params.distinguished_name.push(DnType::CommonName, "authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let signed = |name: SanType| {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.subject_alt_names = vec![name];
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            Pair { pem: certificate.pem(), certificate: certificate.der().clone(), key }
        };
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).unwrap();
        Self {
            pem: issuer.pem(),
            server: signed(SanType::DnsName("server.test".try_into().unwrap())),
            clients: IDENTITIES.iter().map(|id| signed(SanType::URI((*id).try_into().unwrap()))).collect(),
            roots: Arc::new(roots),
        }
    }

    /// The server's side: a certificate of the client is verified if there is one.
    pub(crate) fn transport_socket(&self) -> Value {
        let context = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
        let server = json!({"certificate_chain": {"inline_string": self.server.pem},
            "private_key": {"inline_string": self.server.key.serialize_pem()}});
        json!({"name": "tls", "typed_config": {"@type": context, "common_tls_context": {
            "tls_certificates": [server], "validation_context": {"trusted_ca": {"inline_string": self.pem}}}}})
    }

    /// The client's side, with the certificate of an identity or without one.
    pub(crate) fn client(&self, identity: Option<usize>, has_name: bool) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(Arc::clone(&self.roots));
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some(place) => {
                let pair = &self.clients[place];
                let key = PrivateKeyDer::try_from(pair.key.serialize_der()).unwrap();
                builder.with_client_auth_cert(vec![pair.certificate.clone()], key).unwrap()
            }
        };
        config.enable_sni = has_name;
        config.dangerous().set_certificate_verifier(Arc::new(Trusting));
        Arc::new(config)
    }
}

/// Takes every server for the one that is meant: names are for access control to look at.
#[derive(Debug)]
struct Trusting;

impl rustls::client::danger::ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        _: &[u8],
        _: rustls::pki_types::UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        Ok(rustls::client::danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
