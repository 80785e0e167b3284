//! A table whose handles carry a number beside their place, so that one that was given back means nothing to whoever has the place
//! by then. The numbers come round after 128: a net below the loops, which use no handle that they gave back, and no more.

use slab::Slab;

/// Names an entry of a table: its place in the lower 24 bits, its number above, the highest bit always clear.
pub(crate) type Handle = u32;

const PLACE: u32 = (1 << 24) - 1;

pub(crate) struct Table<T> {
    entries: Slab<(u32, T)>,
    made: u32,
}

impl<T> Table<T> {
    pub(crate) const EMPTY: Self = Self { entries: Slab::new(), made: 0 };

    /// Takes an entry in where it will stay: it is made in its place.
    #[inline(always)]
    pub(crate) fn insert_with(&mut self, make: impl FnOnce() -> T) -> (Handle, &mut T) {
        self.made = self.made.wrapping_add(1);
        let place = self.entries.vacant_entry();
        let number = (self.made & 0x7f) << 24;
        let handle = number | (u32::try_from(place.key()).unwrap_or(PLACE) & PLACE);
        (handle, &mut place.insert((number, make())).1)
    }

    pub(crate) fn insert(&mut self, entry: T) -> Handle {
        self.insert_with(|| entry).0
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        let (number, entry) = self.entries.get_mut((handle & PLACE) as usize)?;
        (*number == handle & !PLACE).then_some(entry)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&T> {
        let (number, entry) = self.entries.get((handle & PLACE) as usize)?;
        (*number == handle & !PLACE).then_some(entry)
    }

    pub(crate) fn remove(&mut self, handle: Handle) -> Option<T> {
        self.get(handle)?;
        self.entries.try_remove((handle & PLACE) as usize).map(|(_, entry)| entry)
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.entries.retain(|_, (_, entry)| keep(entry));
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_that_was_given_back_means_nothing() {
        let mut table = Table::EMPTY;
        let first = table.insert("first");
        assert_eq!(table.remove(first), Some("first"));
        let second = table.insert("second");
        assert!(table.get(first).is_none() && table.get_mut(first).is_none() && table.remove(first).is_none());
        assert_eq!((table.get(second), table.len()), (Some(&"second"), 1));
        assert_eq!(table.get(u32::MAX), None);
    }
}
