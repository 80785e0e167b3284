//! How a type lists its fields, once: `stored!` for states, `fields!` for policies.

/// Lists the fields of a type: `stored! { Type { part, other } }`, `stored! { Type(_) }` for what stands for its one field, and
/// `stored! { enum Type { Plain, Tuple(part), Struct { part, other } } }`. The compiler sees to it that none is forgotten.
///
/// `part: Calendar` is an instant from which the time comes off that passes while it is stored; a field after a semicolon is not
/// stored, and blank in what is read. `visit Type { .. }` is for what is read over something that is there.
macro_rules! stored {
    (visit $type:ident { $($part:ident $(: $limits:ident)?),+ $(; $($left:ident),+)? $(,)? }) => {
        impl $crate::visit::Data for $type {
            fn visit(&mut self, visitor: &mut $crate::visit::Visitor<'_>) {
                let Self { $($part,)+ $($($left: _),+)? } = self;
                $($crate::stored::stored!(@part visitor $part $($limits)?);)+
            }
        }
    };
    ($type:ident { $($part:ident $(: $limits:ident)?),+ $(; $($left:ident),+)? $(,)? }) => {
        $crate::stored::stored! { visit $type { $($part $(: $limits)?),+ $(; $($left),+)? } }
        impl $crate::visit::Blank for $type {
            const BLANK: Self = Self {
                $($part: $crate::visit::Blank::BLANK,)+ $($($left: $crate::visit::Blank::BLANK),+)?
            };
        }
    };
    ($type:ident(_)) => {
        impl $crate::visit::Data for $type {
            fn visit(&mut self, visitor: &mut $crate::visit::Visitor<'_>) {
                self.0.visit(visitor);
            }
        }
        impl $crate::visit::Blank for $type {
            const BLANK: Self = Self($crate::visit::Blank::BLANK);
        }
    };
    (enum $type:ident { $first:ident $(($first_inner:ident))?
        $({ $($first_part:ident $(: $first_limits:ident)?),+ $(; $($first_left:ident),+)? })?
        $(, $variant:ident $(($inner:ident))?
        $({ $($part:ident $(: $limits:ident)?),+ $(; $($left:ident),+)? })?)* $(,)? }) => {
        impl $crate::visit::Data for $type {
            fn visit(&mut self, visitor: &mut $crate::visit::Visitor<'_>) {
                const BLANKS: &[$type] = &[<$type as $crate::visit::Blank>::BLANK, $($type::$variant
                    $(({ let $inner = $crate::visit::Blank::BLANK; $inner }))?
                    $({ $($part: $crate::visit::Blank::BLANK,)+ $($($left: $crate::visit::Blank::BLANK),+)? })?),*];
                visitor.variant(self, &[stringify!($first), $(stringify!($variant)),*], BLANKS);
                match self {
                    Self::$first $(($first_inner))? $({ $($first_part,)+ $($($first_left: _),+)? })? => {
                        $(visitor.part(stringify!($first_inner), $first_inner);)?
                        $($($crate::stored::stored!(@part visitor $first_part $($first_limits)?);)+)?
                    }
                    $(Self::$variant $(($inner))? $({ $($part,)+ $($($left: _),+)? })? => {
                        $(visitor.part(stringify!($inner), $inner);)?
                        $($($crate::stored::stored!(@part visitor $part $($limits)?);)+)?
                    })*
                }
            }
        }
        impl $crate::visit::Blank for $type {
            const BLANK: Self = $type::$first
                $(({ let $first_inner = $crate::visit::Blank::BLANK; $first_inner }))?
                $({
                    $($first_part: $crate::visit::Blank::BLANK,)+
                    $($($first_left: $crate::visit::Blank::BLANK),+)?
                })?;
        }
    };
    (@part $visitor:ident $part:ident) => { $visitor.part(stringify!($part), $part) };
    (@part $visitor:ident $part:ident $limits:ident) => {
        $visitor.field(stringify!($part), $part, $crate::visit::Limits::$limits, "")
    };
}
pub(crate) use stored;

/// Declares a part of a policy: its fields with what they are, their defaults, and what holds for them beyond their types.
macro_rules! fields {
    (
        $(#[$meta:meta])*
        pub struct $type:ident {
            $($(#[doc = $about:literal])+ $name:ident: $kind:ty = $default:expr $(, $limits:expr)?;)+
        }
    ) => {
        $(#[$meta])*
        pub struct $type {
            $($(#[doc = $about])+ pub $name: $kind),+
        }

        impl Default for $type {
            fn default() -> Self {
                Self { $($name: $default),+ }
            }
        }

        impl $crate::visit::Data for $type {
            fn visit(&mut self, visitor: &mut $crate::visit::Visitor<'_>) {
                $(visitor.field(
                    stringify!($name),
                    &mut self.$name,
                    $crate::stored::fields!(@limits $($limits)?),
                    $crate::stored::about!($($about)+),
                );)+
            }
        }
    };
    (@limits) => { $crate::visit::Limits::Any };
    (@limits $limits:expr) => { $crate::visit::Limits::from($limits) };
}
pub(crate) use fields;

/// What a field is, in words, where they are shown: modules that only read policies do not carry them.
macro_rules! about {
    ($($about:literal)+) => {
        if cfg!(feature = "schema") { concat!($($about),+) } else { "" }
    };
}
pub(crate) use about;
