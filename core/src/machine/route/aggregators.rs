//! Services that spread one account's requests over many upstreams. A client of theirs that fails says little about the
//! connection to them, so it is never rebuilt.

use super::Route;
use super::backend::host;

/// Where they are reached: a host is one of theirs if it is one of these, or ends with one after a dot.
const HOSTS: &[&str] = &[
    "openrouter.ai",
    "inference-api.nousresearch.com",
    "requesty.ai",
    "portkey.ai",
    "ai-gateway.vercel.sh",
    "gateway.ai.cloudflare.com",
    "router.huggingface.co",
    "helicone.ai",
    "aimlapi.com",
];

/// What they are called, letters and digits alone: `vercel-ai-gateway` and `Vercel AI Gateway` are the same. Names under which
/// other services go as well, such as `cloudflare` or `huggingface`, are not here.
const NAMES: &[&str] = &[
    "openrouter",
    "nous",
    "nousresearch",
    "nousportal",
    "requesty",
    "portkey",
    "vercelaigateway",
    "cloudflareaigateway",
    "huggingfacerouter",
    "helicone",
    "aimlapi",
];

impl Route {
    /// Whether it spreads requests over several upstreams: as `aggregator` says, else as far as its provider's name or the
    /// host of its endpoint tells.
    #[must_use]
    pub fn is_aggregator(&self) -> bool {
        self.aggregator.unwrap_or_else(|| {
            self.provider.as_deref().is_some_and(is_known_name)
                || self.endpoint.as_deref().and_then(host).is_some_and(|host| is_known_host(&host))
        })
    }
}

fn is_known_name(provider: &str) -> bool {
    let letters = || provider.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    NAMES.iter().any(|name| letters().eq(name.chars()))
}

fn is_known_host(host: &str) -> bool {
    HOSTS.iter().any(|known| host.strip_suffix(known).is_some_and(|before| before.is_empty() || before.ends_with('.')))
}

#[cfg(test)]
mod tests;
