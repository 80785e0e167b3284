//! Phrases are found where they stand.

use super::*;

fn found(text: &str) -> usize {
    let mut found = Found::NONE;
    found.look_in(text);
    found.0.iter().map(|slot| slot.count_ones() as usize).sum()
}

#[test]
fn every_phrase_is_found_in_any_case_at_the_beginning_of_a_word() {
    for known in PHRASES.words() {
        for text in [known.to_ascii_uppercase(), alloc::format!("so: {known}, x"), alloc::format!("é{known}")] {
            let mut found = Found::NONE;
            found.look_in(&text);
            let at = PHRASES.places().find(|place| word(*place) == known).unwrap_or_default();
            assert_eq!(found.first_of(Run::new(at, 1)), Some(known), "{text}");
            assert!(holds(&text, known), "{text}");
        }
        if known.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            assert!(!holds(&alloc::format!("x{known}"), known));
        }
    }
}

#[test]
fn all_that_is_there_is_found() {
    let all: alloc::vec::Vec<&str> = PHRASES.words().collect();
    let text = all.join(" ");
    let each = all.iter().filter(|phrase| holds(&text, phrase)).count();
    assert_eq!((found(&text), each), (all.len(), all.len()));
    let joined = all.concat();
    assert_eq!(found(&joined), all.iter().filter(|phrase| holds(&joined, phrase)).count());
    assert_eq!((found(""), found("prompt is too lon"), found("prompt is too long")), (0, 0, 1));
}
