//! One secret for a process, whoever asks for it first.

use super::*;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

#[test]
fn all_threads_of_a_process_go_by_the_same_secret() {
    let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(|| [secret(), secret()])).collect();
    let seen: Vec<_> = threads.into_iter().filter_map(|thread| thread.join().ok()).flatten().collect();
    assert_eq!(seen.len(), 16);
    assert!(seen.iter().all(|one| one.is_ok() && *one == secret()), "{seen:?}");
}

#[test]
fn no_word_of_the_secret_is_left_out() {
    let Ok(words) = secret() else { panic!("the system gives randomness") };
    let different: BTreeSet<u64> = words.into_iter().collect();
    assert!(different.len() == words.len() && !different.contains(&0));
}

#[test]
fn turns_draw_differently() {
    let draws: BTreeSet<u64> = (0..100).map(|_| rng(next_turn()).next_u64()).collect();
    assert_eq!(draws.len(), 100);
}
