//! The classifier on bytes that nobody meant well: pieces of real answers and headers, torn and put together anew. The
//! fuzz target in `fuzz/` asks the same of whatever a coverage-guided search comes up with.

use failsoft::classify::HEADERS;
use failsoft_tests::hostile::judge;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

/// What makes a reader go on, stop or count: worth more together than random bytes are.
const PIECES: &[&str] = &[
    "{\"error\":{\"code\":",
    "\"message\":\"",
    "\"details\":[{\"retryDelay\":\"34.5s\"},",
    "\"metadata\":{\"raw\":\"{\\\"error\\\":{\\\"code\\\":\\\"429\\\"",
    "data: ",
    "prompt is too lon",
    "maximum context length is",
    "insufficient_quota",
    "\\ud83d\\udca",
    "\\u0000",
    "[[[[[[[[[[[[[[[[",
    "}}}}]]]]",
    "18446744073709551616",
    "99999999999999999999999999s",
    "-0.0000000001",
    "1h2m3s4ms5us",
    "1e309",
    "nan",
    "Wed, 31 Feb 2069 25:61:61 GMT",
    "Sun Nov  6 08:49:37 1994",
    "9999-12-31T23:59:60.999999999999+99:99",
    "2026-11-22T09:00:00Z",
    "connect ECONNREFUSED",
    "SSLCertVerificationError",
    "\u{1f}",
    "\n",
    ": ",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => select(HEADERS).prop_map(|name| format!("{name}:").into_bytes()),
        1 => (100..600u16).prop_map(|status| status.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..20),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// As status, wall time, headers, classes, message and body, so that every reader gets its share.
fn facts() -> impl Strategy<Value = Vec<u8>> {
    let head = (prop_oneof!["", "[1-5][0-9]{2}", "[0-9]{6}"], prop_oneof!["", "17[0-9]{11}", "[0-9]{25}"]);
    let header = (select(HEADERS), bytes()).prop_map(|(name, value)| [name.as_bytes(), b": ", &value].concat());
    (head, vec(header, 0..6), vec(bytes(), 0..4)).prop_map(|((status, wall), headers, rest)| {
        let mut parts = vec![status.into_bytes(), wall.into_bytes(), headers.join(&b'\n')];
        parts.extend(rest);
        parts.join(&0x1f)
    })
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(4), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn whatever_comes_is_judged(data in prop_oneof![bytes(), facts()]) {
        judge(&data);
    }
}

proptest! {
    #![proptest_config(config(50))]

    #[test]
    fn however_often_it_is_repeated(piece in bytes(), times in 1..2000usize) {
        let body: Vec<u8> = piece.iter().copied().cycle().take(piece.len().saturating_mul(times).min(70_000)).collect();
        judge(&[b"400\x1f\x1f\x1f\x1f".as_slice(), &body, b"\x1f", &body].concat());
    }
}
