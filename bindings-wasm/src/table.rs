//! A table whose handles carry a number beside their place, so that one that was given back means nothing to whoever has the place
//! by then. The numbers come round after 128: a net below the loops, which use no handle that they gave back, and no more.

use alloc::vec::Vec;

/// Names an entry of a table: its place in the lower 24 bits, its number above, the highest bit always clear.
pub(crate) type Handle = u32;

const PLACE: u32 = (1 << 24) - 1;

pub(crate) struct Table<T> {
    entries: Vec<Option<T>>,
    handles: Handles,
}

/// Which places are taken, under which numbers: the same for whatever stands in them.
struct Handles {
    taken: Vec<Option<Handle>>,
    free: Vec<u32>,
    made: u32,
}

impl Handles {
    fn take(&mut self) -> Handle {
        self.made = self.made.wrapping_add(1);
        let place = self.free.pop().unwrap_or_else(|| {
            self.taken.push(None);
            u32::try_from(self.taken.len() - 1).unwrap_or(PLACE) & PLACE
        });
        let handle = (self.made & 0x7f) << 24 | place;
        if let Some(taken) = self.taken.get_mut(place as usize) {
            *taken = Some(handle);
        }
        handle
    }

    #[inline(always)]
    fn place(&self, handle: Handle) -> Option<usize> {
        let place = (handle & PLACE) as usize;
        (self.taken.get(place) == Some(&Some(handle))).then_some(place)
    }

    fn give_back(&mut self, handle: Handle) -> Option<usize> {
        let place = self.place(handle)?;
        *self.taken.get_mut(place)? = None;
        self.free.push(handle & PLACE);
        Some(place)
    }
}

impl<T> Table<T> {
    pub(crate) const EMPTY: Self =
        Self { entries: Vec::new(), handles: Handles { taken: Vec::new(), free: Vec::new(), made: 0 } };

    /// Takes an entry in where it will stay: it is made in its place.
    #[inline(always)]
    pub(crate) fn insert_with(&mut self, make: impl FnOnce() -> T) -> Option<(Handle, &mut T)> {
        let handle = self.handles.take();
        let place = (handle & PLACE) as usize;
        if place >= self.entries.len() {
            self.entries.push(None);
        }
        Some((handle, self.entries.get_mut(place)?.insert(make())))
    }

    pub(crate) fn insert(&mut self, entry: T) -> Handle {
        self.insert_with(|| entry).map_or(PLACE, |(handle, _)| handle)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        self.entries.get_mut(self.handles.place(handle)?)?.as_mut()
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&T> {
        self.entries.get(self.handles.place(handle)?)?.as_ref()
    }

    /// Drops an entry where it stands: some are large. Whether it was there.
    pub(crate) fn remove(&mut self, handle: Handle) -> bool {
        let place = self.handles.give_back(handle).and_then(|place| self.entries.get_mut(place));
        if let Some(entry) = place {
            *entry = None;
            return true;
        }
        false
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for place in 0..self.entries.len() {
            let Some(entry) = self.entries.get_mut(place) else { return };
            if entry.as_ref().is_some_and(|entry| !keep(entry)) {
                *entry = None;
                if let Some(Some(handle)) = self.handles.taken.get(place).copied() {
                    self.handles.give_back(handle);
                }
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.handles.taken.len() - self.handles.free.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_that_was_given_back_means_nothing() {
        let mut table = Table::EMPTY;
        let first = table.insert("first");
        assert!(table.remove(first));
        let second = table.insert("second");
        assert!(table.get(first).is_none() && table.get_mut(first).is_none() && !table.remove(first));
        assert_eq!((table.get(second), table.len()), (Some(&"second"), 1));
        assert_eq!(table.get(u32::MAX), None);
    }
}
