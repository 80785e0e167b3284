//! The scripts of the differential test are what they say: reproducible, and the same when they are read again.

use failsoft_tests::differential::invent::invent;
use failsoft_tests::differential::seen::Seen;
use failsoft_tests::differential::{fingerprint, transcript};

#[test]
fn a_script_is_played_as_it_was_invented() {
    let (mut seen, mut chunk, mut wanted) = (Seen::default(), String::new(), String::new());
    for number in 0..60 {
        let (line, told) = invent(7, number, &mut seen).unwrap();
        chunk += &format!("{line}\n");
        wanted += &format!("script {number}\n{told}");
    }
    assert_eq!(transcript(&chunk).unwrap(), wanted);
    assert!(seen.count() > 50);
}

#[test]
fn a_seed_makes_one_script_and_another_seed_another() {
    let script = |seed| invent(seed, 3, &mut Seen::default()).unwrap();
    assert_eq!(script(1), script(1));
    assert_ne!(script(1), script(2));
}

#[test]
fn what_is_never_reached_is_named() {
    let missing = Seen::default().missing();
    assert!(missing.contains(&"command: rebuild".to_string()) && missing.contains(&"end: no_route".to_string()));
}

#[test]
fn a_line_that_is_no_script_is_refused() {
    assert!(transcript("{}").unwrap_err().starts_with("script 0: "));
    let (line, _) = invent(1, 1, &mut Seen::default()).unwrap();
    let wrong = line.replacen("\"turn\",null", "\"oops\",1", 1);
    assert_eq!(transcript(&wrong).unwrap_err(), "script 0: step 0: no such verb: oops");
}

#[test]
fn a_fingerprint_is_sha_256() {
    assert_eq!(fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
