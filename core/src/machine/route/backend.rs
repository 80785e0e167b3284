//! What makes two routes the same backend: the deployment, the endpoint and the credential, each for itself.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use super::Route;

impl Route {
    /// What is asked: another model at the same endpoint is another deployment.
    pub(super) fn deployment(&self) -> String {
        let endpoint = self.endpoint.as_deref().map(same);
        match (self.provider.as_deref(), endpoint.as_deref(), self.model.as_deref()) {
            (None, None, None) => self.name.clone(),
            // With their lengths, for no two different ones may read the same.
            (provider, endpoint, model) => {
                let mut key = String::new();
                for part in [provider, endpoint, model] {
                    match part {
                        Some(part) => key += &format!("{}:{part}", part.len()),
                        None => key += "-",
                    }
                }
                key
            }
        }
    }

    /// Where it is reached.
    pub(super) fn endpoint_key(&self) -> String {
        let endpoint = self.endpoint.as_deref().map(|endpoint| same(endpoint).into_owned());
        endpoint.or_else(|| self.provider.clone()).unwrap_or_else(|| self.name.clone())
    }

    /// What pays for it.
    pub(super) fn credential_key(&self) -> String {
        match &self.credential {
            Some(credential) => credential.clone(),
            None => format!("of {}", self.endpoint_key()),
        }
    }
}

/// A URL in parts: scheme, what stands before the host (`user@`), host, port, and all that follows.
struct Parts<'a> {
    scheme: &'a str,
    user: &'a str,
    host: &'a str,
    port: &'a str,
    rest: &'a str,
}

fn parts(url: &str) -> Option<Parts<'_>> {
    let (scheme, after) = url.split_once("://")?;
    let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
    let (user, server) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    // The colons of an address in brackets belong to it.
    let after_host = server.rfind(']').unwrap_or(0);
    let colon = server.get(after_host..).and_then(|tail| tail.find(':'));
    let (host, port) = server.split_at(colon.map_or(server.len(), |at| after_host + at));
    Some(Parts { scheme, user, host, port: port.strip_prefix(':').unwrap_or_default(), rest })
}

/// The host of a URL in small letters; nothing for what is no URL.
pub(super) fn host(url: &str) -> Option<String> {
    parts(url).map(|parts| parts.host.to_ascii_lowercase())
}

/// An endpoint as it is compared with others. What is no URL is its own name.
fn same(endpoint: &str) -> Cow<'_, str> {
    let Some(Parts { scheme, user, host, port, rest }) = parts(endpoint) else { return Cow::Borrowed(endpoint) };
    let (scheme, host) = (scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    let is_default = matches!((scheme.as_str(), port), ("http", "80") | ("https", "443") | (_, ""));
    let port = if is_default { String::new() } else { format!(":{port}") };
    let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    Cow::Owned(format!("{scheme}://{user}{host}{port}{}{query}", path.trim_end_matches('/')))
}

#[cfg(test)]
mod tests;
