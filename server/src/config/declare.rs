//! Macros that declare what a file may hold: how it is read and what is told about it, in one place.

/// Declares records. Each field is read from the key of its name; what stands behind `=` is meant where the key is absent, as
/// it would be written. A field's documentation is the key's description in schema and reference.
macro_rules! records {
    ($(
        $(#[doc = $of_record:literal])*
        struct $name:ident { $($(#[doc = $about:literal])* $field:ident: $type:ty $(= $default:expr)?,)* }
    )*) => {$(
        $(#[doc = $of_record])*
        #[derive(Debug)]
        pub(super) struct $name { $($(#[doc = $about])* pub(super) $field: $type,)* }

        impl $crate::config::record::Record for $name {
            const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            fn read(
                mapping: &$crate::config::record::Mapping<'_>,
                reader: &mut $crate::config::record::Reader<'_, '_, '_>,
            ) -> Self {
                Self { $($field: records!(@read mapping, reader, $field $(, $default)?),)* }
            }

            fn keys() -> Vec<$crate::config::schema::Key> {
                vec![$(records!(@key $type, $field, concat!($($about, "\n"),*) $(, $default)?),)*]
            }
        }

        impl $crate::config::record::FromNode for $name {
            fn from_node(
                node: &$crate::config::tree::Node,
                reader: &mut $crate::config::record::Reader<'_, '_, '_>,
            ) -> Option<Self> {
                $crate::config::record::record(node, reader)
            }

            fn shape() -> $crate::config::schema::Shape {
                $crate::config::schema::Shape::Record(<Self as $crate::config::record::Record>::keys())
            }
        }

        impl $crate::config::record::Field for $name {
            fn field(
                node: Option<&$crate::config::tree::Node>,
                record: serde_saphyr::Location,
                reader: &mut $crate::config::record::Reader<'_, '_, '_>,
            ) -> Self {
                $crate::config::record::or_empty(node, record, reader)
            }

            fn shape() -> $crate::config::schema::Shape {
                <Self as $crate::config::record::FromNode>::shape()
            }

            fn is_required() -> bool {
                <Self as $crate::config::record::Record>::keys().iter().any(|key| key.required)
            }
        }
    )*};
    (@read $mapping:ident, $reader:ident, $field:ident) => {
        $mapping.field(stringify!($field), $reader)
    };
    (@read $mapping:ident, $reader:ident, $field:ident, $default:expr) => {
        $mapping.field_or(stringify!($field), || serde_json::json!($default), $reader)
    };
    (@key $type:ty, $field:ident, $about:expr) => {
        $crate::config::schema::Key::of::<$type>(stringify!($field), $about)
    };
    (@key $type:ty, $field:ident, $about:expr, $default:expr) => {
        $crate::config::schema::Key::with_default::<$type>(stringify!($field), $about, serde_json::json!($default))
    };
}

/// Declares which word of a file means which value. What stands behind `expected` is said instead of a list of the words.
macro_rules! words {
    ($($type:ty $(, expected $expected:literal)? { $($word:literal => $variant:ident,)* })*) => {$(
        impl $crate::config::record::FromNode for $type {
            fn from_node(
                node: &$crate::config::tree::Node,
                reader: &mut $crate::config::record::Reader<'_, '_, '_>,
            ) -> Option<Self> {
                match reader.tree.scalar(node) {
                    $(Some($word) => Some(Self::$variant),)*
                    other => {
                        reader.note(node, words!(@refused other, [$($word),*] $(, $expected)?));
                        None
                    }
                }
            }

            fn shape() -> $crate::config::schema::Shape {
                $crate::config::schema::Shape::words(&[$($word),*])
            }
        }
    )*};
    (@refused $other:ident, $words:expr) => {
        { let _ = $other; format!("expected one of {}", $words.join(", ")) }
    };
    (@refused $other:ident, $words:expr, $expected:literal) => {
        match $other {
            Some(word) => format!("is {word:?}, expected {}", $expected),
            None => "expected a text".to_owned(),
        }
    };
}

pub(super) use {records, words};
