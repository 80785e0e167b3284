//! Enums whose variants have one word in every language: on the wire, in logs, in policies.

/// Declares a fieldless enum together with the word that every language uses for each variant.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$variant_meta])* $variant),+ }

        impl $name {
            /// Every variant, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The word for every variant, in the same order: the same in Rust, Python, JavaScript and JSON.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The word for this variant.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The variant with this word.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                let at = Self::NAMES.iter().position(|word| *word == name)?;
                Self::ALL.get(at).copied()
            }
        }

        impl $crate::visit::Data for $name {
            fn visit(&mut self, visitor: &mut $crate::visit::Visitor<'_>) {
                let mut at = *self as usize;
                visitor.word(&mut at, Self::NAMES);
                *self = Self::ALL.get(at).copied().unwrap_or(*self);
            }
        }

        impl $crate::visit::Blank for $name {
            const BLANK: Self = {
                let [first, ..] = [$(Self::$variant),+];
                first
            };
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use named;

/// Declares an enum whose variants may hold parts, together with the word for each, and lists the parts for [`crate::stored`]:
/// `Plain = "plain"`, `Tuple = "tuple" (part: Type)`, `Struct = "struct" { part: Type, other: Type }`.
macro_rules! worded {
    ($(#[$meta:meta])* pub enum $name:ident { $(
        $(#[$variant_meta:meta])*
        $variant:ident = $word:literal $(($inner:ident: $inner_type:ty))? $({ $($part:ident: $part_type:ty),+ $(,)? })?
    ),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $(
            $(#[$variant_meta])*
            $variant $(($inner_type))? $({ $($part: $part_type),+ })?
        ),+ }

        $crate::stored::stored! { enum $name { $($variant $(($inner))? $({ $($part),+ })?),+ } }

        impl $name {
            /// The word for every variant, in order: the same in Rust, Python, JavaScript and JSON.
            pub const NAMES: &'static [&'static str] = &[$($word),+];

            /// The word for this variant.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $word),+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use worded;
