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
mod tests {
    use super::*;

    #[test]
    fn the_well_known_ones_are_recognised() {
        let by_name = |name: &str| Route { provider: Some(name.into()), ..Route::new("r") }.is_aggregator();
        let by_host = |url: &str| Route { endpoint: Some(url.into()), ..Route::new("r") }.is_aggregator();
        assert!(["OpenRouter", "nous", "vercel-ai-gateway", "Hugging Face Router"].into_iter().all(by_name));
        assert!(!["openai", "open", "cloudflare", "huggingface", "", "router"].into_iter().any(by_name));
        assert!(
            [
                "https://openrouter.ai/api/v1",
                "https://OpenRouter.AI:443",
                "https://eu.openrouter.ai/api/v1",
                "https://gateway.ai.cloudflare.com/v1/account/gateway/openai",
            ]
            .into_iter()
            .all(by_host)
        );
        assert!(
            [
                "https://notopenrouter.ai/v1",
                "https://openrouter.ai.example.com/v1",
                "https://api.example.com/openrouter.ai",
                "https://api.example.com/?via=https://openrouter.ai",
                "https://openrouter.ai@example.com/v1",
                "openrouter.ai",
            ]
            .into_iter()
            .all(|url| !by_host(url))
        );
    }

    #[test]
    fn its_own_word_counts_first() {
        let router = Route { provider: Some("openrouter".into()), ..Route::new("r") };
        assert!(!Route { aggregator: Some(false), ..router }.is_aggregator());
        assert!(Route { aggregator: Some(true), ..Route::new("r") }.is_aggregator());
    }
}
