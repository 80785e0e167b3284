//! What it does, by example.

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
