//! What it does, by example.

use super::*;

#[test]
fn words_are_found_by_their_place() {
    assert_eq!((word(0), word(u16::MAX)), ("", ""));
    let names: alloc::vec::Vec<&str> = RULES.iter().map(Rule::name).collect();
    assert!(names.iter().all(|name| is_known(name)) && !is_known("") && !is_known("unknown"));
    assert!(CONDITIONS.iter().all(|condition| condition.run.words().all(|word| !word.is_empty())));
}

#[test]
fn no_rule_holds_always_and_only_one_condition_is_asked_twice() {
    for rule in &RULES {
        assert!(!rule.when().is_empty(), "{} holds always", rule.name());
        let order = |all: &[Condition]| all.windows(2).all(|two| two.iter().map(|one| one.on).is_sorted());
        assert!(order(rule.when()) && order(rule.unless()), "{}", rule.name());
    }
}
