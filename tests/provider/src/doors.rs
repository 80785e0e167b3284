//! Doors: ports beside the provider's own, where a request fails before HTTP begins. What is wrong with each is in its name.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Map, Value};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The ports, open until this is dropped.
pub struct Doors {
    /// Bound and never listening: every connection is refused, and nobody else can get the port.
    closed: TcpSocket,
    /// The provider over TLS, under a certificate made a moment ago that only [`Doors::certificate`] can vouch for.
    untrusted: TcpListener,
    /// Takes connections and never answers.
    mute: TcpListener,
    acceptor: TlsAcceptor,
    certificate: String,
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doors").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// Who came to a door that opens.
pub(crate) enum Visitor {
    /// To be served over TLS, if the certificate is trusted.
    Untrusting(TcpStream, TlsAcceptor),
    /// Never to be answered.
    Unheard(TcpStream),
}

impl Doors {
    /// Opens them on free ports of 127.0.0.1, inside a tokio runtime.
    pub fn open() -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("doors: {error}");
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).map_err(|e| told(&e))?;
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| told(&e))?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .map_err(|e| told(&e))?;
        let bound = || {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            Ok::<_, std::io::Error>(socket)
        };
        let listening = || bound()?.listen(128);
        Ok(Self {
            closed: bound().map_err(|e| told(&e))?,
            untrusted: listening().map_err(|e| told(&e))?,
            mute: listening().map_err(|e| told(&e))?,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate: cert.pem(),
        })
    }

    /// The doors' base URLs by name. `plain` is the address of the provider itself, which is no TLS server.
    #[must_use]
    pub fn addresses(&self, plain: SocketAddr) -> Map<String, Value> {
        let doors = [
            ("closed", "http", self.closed.local_addr()),
            ("untrusted", "https", self.untrusted.local_addr()),
            ("mute", "https", self.mute.local_addr()),
            ("not_tls", "https", Ok(plain)),
        ];
        let open = doors.into_iter().filter_map(|(name, scheme, address)| Some((name, scheme, address.ok()?)));
        open.map(|(name, scheme, address)| (name.to_owned(), format!("{scheme}://{address}").into())).collect()
    }

    /// The certificate, in PEM. For a client that trusts it the door `untrusted` is a healthy provider.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Waits for the next one to come.
    pub(crate) async fn visitor(&self) -> Option<Visitor> {
        tokio::select! {
            accepted = self.untrusted.accept() => Some(Visitor::Untrusting(accepted.ok()?.0, self.acceptor.clone())),
            accepted = self.mute.accept() => Some(Visitor::Unheard(accepted.ok()?.0)),
        }
    }
}

/// Holds a connection and ignores what comes over it, until the client leaves.
pub(crate) async fn never_answer(mut stream: TcpStream) {
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await.is_ok_and(|count| count > 0) {}
}
