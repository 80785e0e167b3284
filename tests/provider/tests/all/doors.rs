//! Ports where a request fails before HTTP begins.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

use crate::client::Server;

/// A provider with doors, and what `/health` says of them.
fn with_doors() -> (Server, Value) {
    let server = Server::with_doors();
    let (_, health) = server.call("GET", "/health", "");
    (server, health)
}

fn address(health: &Value, door: &str) -> SocketAddr {
    let url = health["doors"][door].as_str().unwrap();
    url.split_once("://").unwrap().1.parse().unwrap()
}

/// What `GET /health` over TLS brings to a client that trusts these certificates.
fn over_tls(to: SocketAddr, trusted: &[CertificateDer<'static>]) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|certificate| roots.add(certificate.clone()).unwrap());
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let mut tls = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1").unwrap()).unwrap();
    let mut socket = TcpStream::connect(to).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut stream = Stream::new(&mut tls, &mut socket);
    let told = |error: std::io::Error| error.to_string();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").map_err(told)?;
    let mut heard = String::new();
    stream.read_to_string(&mut heard).map_err(told)?;
    Ok(heard)
}

#[test]
fn the_closed_door_refuses_connections() {
    let (_server, health) = with_doors();
    let refused = TcpStream::connect(address(&health, "closed")).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn the_untrusted_door_leads_to_the_provider_for_those_who_trust_its_certificate() {
    let (_server, health) = with_doors();
    let to = address(&health, "untrusted");
    let refused = over_tls(to, &[]).unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    let certificate = CertificateDer::from_pem_slice(health["certificate"].as_str().unwrap().as_bytes()).unwrap();
    assert!(over_tls(to, &[certificate]).unwrap().starts_with("HTTP/1.1 200 OK"));
}

#[test]
fn the_mute_door_opens_and_says_nothing() {
    let (_server, health) = with_doors();
    let mut stream = TcpStream::connect(address(&health, "mute")).unwrap();
    stream.write_all(b"hello?").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(30))).unwrap();
    let heard = stream.read(&mut [0; 16]).unwrap_err();
    assert!(matches!(heard.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{heard}");
}

#[test]
fn the_provider_itself_is_no_tls_server() {
    let (server, health) = with_doors();
    let to = address(&health, "not_tls");
    assert_eq!(to.port(), server.port);
    assert!(over_tls(to, &[]).unwrap_err().contains("corrupt message"));
}
