//! What it does, by example.

use super::*;

#[test]
fn the_same_endpoint_is_written_in_many_ways() {
    let written = "https://api.example.com/v1";
    for other in [
        "https://API.Example.com/v1",
        "HTTPS://api.example.com/v1/",
        "https://api.example.com:443/v1",
        "https://api.example.com:/v1//",
    ] {
        assert_eq!(same(other), written, "{other}");
    }
    for other in [
        "http://api.example.com/v1",
        "https://api.example.com/V1",
        "https://api.example.com:8443/v1",
        "https://api.example.com/v1/deployments",
        "https://api.example.com/v1?api-version=2",
        "https://eu.api.example.com/v1",
        "https://us@api.example.com/v1",
        "api.example.com/v1",
    ] {
        assert_ne!(same(other), written, "{other}");
    }
    assert_eq!(same("http://[::1]:80/"), "http://[::1]");
    assert_eq!(same("http://[::1]:8080"), "http://[::1]:8080");
    assert_eq!(same("http://host/?a=/"), "http://host?a=/");
    assert_eq!(same("a cluster/"), "a cluster/");
}
