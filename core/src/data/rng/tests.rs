//! Draws.

use super::*;

#[test]
fn draws_stay_within_and_reach_both_ends() {
    let mut rng = Rng::new(7, 1);
    let draws: alloc::vec::Vec<u64> = (0..200).map(|_| rng.within(3, 6)).collect();
    assert_eq!((draws.iter().min(), draws.iter().max()), (Some(&3), Some(&6)));
    assert_eq!((rng.within(9, 2), rng.within(5, 5)), (9, 5));
}

#[test]
fn the_reference_values_of_splitmix64() {
    let mut rng = Rng(0);
    assert_eq!([rng.next_u64(), rng.next_u64()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
}
