//! A table whose handles carry a number beside their place, so that one that was given back means nothing to whoever has the place
//! by then. The numbers come round after 128: a net below the loops, which use no handle that they gave back, and no more.

/// Names an entry of a table: its place in the lower 24 bits, its number above, the highest bit always clear.
pub(crate) type Handle = u32;

const PLACE: u32 = (1 << 24) - 1;

pub(crate) struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Option<u32>,
    made: u32,
}

enum Slot<T> {
    Taken(Handle, T),
    /// Where the next free one is.
    Free(Option<u32>),
}

impl<T> Table<T> {
    pub(crate) const EMPTY: Self = Self { slots: Vec::new(), free: None, made: 0 };

    /// Takes an entry in where it will stay: it is made in its place, for some are large.
    #[inline(always)]
    pub(crate) fn insert_with(&mut self, make: impl FnOnce() -> T) -> Option<(Handle, &mut T)> {
        let place = self.free_place();
        self.made = self.made.wrapping_add(1);
        let handle = (self.made & 0x7f) << 24 | place;
        let slot = self.slots.get_mut(place as usize)?;
        *slot = Slot::Taken(handle, make());
        let Slot::Taken(_, entry) = slot else { return None };
        Some((handle, entry))
    }

    pub(crate) fn insert(&mut self, entry: T) -> Handle {
        self.insert_with(|| entry).map_or(PLACE, |(handle, _)| handle)
    }

    /// Most tables of calls never hold two at once.
    fn free_place(&mut self) -> u32 {
        if let Some(place) = self.free
            && let Some(Slot::Free(next)) = self.slots.get(place as usize)
        {
            self.free = *next;
            return place;
        }
        if self.slots.is_empty() {
            self.slots.reserve_exact(1);
        }
        self.slots.push(Slot::Free(None));
        u32::try_from(self.slots.len() - 1).unwrap_or(PLACE) & PLACE
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        match self.slots.get_mut((handle & PLACE) as usize)? {
            Slot::Taken(taken, entry) if *taken == handle => Some(entry),
            _ => None,
        }
    }

    /// Drops an entry where it stands.
    pub(crate) fn remove(&mut self, handle: Handle) {
        if self.get_mut(handle).is_some()
            && let Some(slot) = self.slots.get_mut((handle & PLACE) as usize)
        {
            *slot = Slot::Free(self.free);
            self.free = Some(handle & PLACE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_that_was_given_back_means_nothing() {
        let mut table = Table::EMPTY;
        let first = table.insert("first");
        table.remove(first);
        let second = table.insert("second");
        table.remove(first);
        assert_eq!(table.get_mut(first), None);
        assert_eq!(table.get_mut(second), Some(&mut "second"));
        assert_eq!(table.get_mut(u32::MAX), None);
    }

    #[test]
    fn places_are_used_again() {
        let mut table = Table::EMPTY;
        let handles: Vec<Handle> = (0..3).map(|number| table.insert(number)).collect();
        for handle in &handles {
            table.remove(*handle);
        }
        let places: Vec<u32> = (0..3).map(|number| table.insert(number) & PLACE).collect();
        assert_eq!((places, table.slots.len()), (vec![2, 1, 0], 3));
    }
}
