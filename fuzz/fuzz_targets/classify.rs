//! Arbitrary bytes as facts about a failure: status, headers, dates, classes, message, body.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| failsoft_tests::hostile::judge(data));
