//! What states are made of in the end: numbers, words, times, lists.

use alloc::collections::VecDeque;
use core::time::Duration;

use super::*;
use crate::policy::approval::Digest;
use crate::time::{Instant, millis, span};

macro_rules! numbers {
    ($($type:ty),+) => {$(
        impl Stored for $type {
            fn stored(&mut self, store: &mut Store<'_>) {
                let mut wide = u64::try_from(*self).unwrap_or(u64::MAX);
                store.whole(&mut wide, u64::try_from(<$type>::MAX).unwrap_or(u64::MAX));
                *self = <$type>::try_from(wide).unwrap_or(*self);
            }
        }
        impl Blank for $type {
            const BLANK: Self = 0;
        }
    )+};
}
numbers!(u8, u16, u32, u64, usize);

impl Stored for bool {
    fn stored(&mut self, store: &mut Store<'_>) {
        match store.from {
            _ if !store.reads => store.into = Value::Bool(*self),
            Some(Value::Bool(flag)) => *self = *flag,
            _ => store.refuse("true or false"),
        }
    }
}

impl Blank for bool {
    const BLANK: Self = false;
}

impl Stored for String {
    fn stored(&mut self, store: &mut Store<'_>) {
        match store.from {
            _ if !store.reads => store.into = Value::Text(self.clone()),
            Some(Value::Text(text)) => self.clone_from(text),
            _ => store.refuse("text"),
        }
    }
}

impl Blank for String {
    const BLANK: Self = Self::new();
}

/// Milliseconds; [`Instant::NEVER`] has a word of its own, for `null` is a time that is not there.
impl Stored for Instant {
    fn stored(&mut self, store: &mut Store<'_>) {
        match store.from {
            _ if !store.reads && *self == Self::NEVER => store.into = Value::Text("never".into()),
            Some(Value::Text(text)) if text == "never" => *self = Self::NEVER,
            _ => {
                let mut millis = self.as_millis();
                millis.stored(store);
                *self = Self::from_millis(millis);
            }
        }
    }
}

impl Blank for Instant {
    const BLANK: Self = Self::ZERO;
}

/// Whole milliseconds, which are all that is ever added to a time.
impl Stored for Duration {
    fn stored(&mut self, store: &mut Store<'_>) {
        let mut whole = millis(*self);
        whole.stored(store);
        *self = span(whole);
    }
}

impl Blank for Duration {
    const BLANK: Self = Self::ZERO;
}

/// As people see it: hexadecimal digits.
impl Stored for Digest {
    fn stored(&mut self, store: &mut Store<'_>) {
        if !store.reads {
            store.into = Value::Text(self.to_string());
            return;
        }
        match if let Some(Value::Text(hex)) = store.from { Self::from_hex(hex) } else { None } {
            Some(digest) => *self = digest,
            None => store.refuse("64 hexadecimal digits"),
        }
    }
}

impl Blank for Digest {
    const BLANK: Self = Self([0; 32]);
}

impl<T: Blank> Stored for Option<T> {
    fn stored(&mut self, store: &mut Store<'_>) {
        match store.absent(self.is_none()) {
            true if store.reads => *self = None,
            true => {}
            false => self.get_or_insert(T::BLANK).stored(store),
        }
    }
}

impl<T: Blank> Blank for Option<T> {
    const BLANK: Self = None;
}

macro_rules! lists {
    ($($list:ident: $push:ident),+) => {$(
        impl<T: Blank> Stored for $list<T> {
            fn stored(&mut self, store: &mut Store<'_>) {
                let count = store.items(self.len());
                if store.reads {
                    self.clear();
                }
                for at in 0..count {
                    if store.reads {
                        self.$push(T::BLANK);
                    }
                    if !self.get_mut(at).is_some_and(|item| store.item(at, item)) {
                        return;
                    }
                }
            }
        }
        impl<T: Blank> Blank for $list<T> {
            const BLANK: Self = Self::new();
        }
    )+};
}
lists!(Vec: push, VecDeque: push_back);

impl<T: Blank, const N: usize> Stored for [T; N] {
    fn stored(&mut self, store: &mut Store<'_>) {
        if store.items(N) != N {
            return store.refuse(&format!("a list of {N}"));
        }
        for (at, item) in self.iter_mut().enumerate() {
            store.item(at, item);
        }
    }
}

impl<T: Blank, const N: usize> Blank for [T; N] {
    const BLANK: Self = [T::BLANK; N];
}
