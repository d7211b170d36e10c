//! Enums as manifests spell them, with a place for what a later version may add.

macro_rules! string_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Serialize, Deserialize, schemars::JsonSchema, Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant,)+
            /// A value that this version of the operator does not know.
            #[serde(other)]
            #[schemars(skip)]
            Unknown,
        }

        impl $name {
            /// The value as it is spelled in a manifest.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ Self::Unknown => "Unknown" }
            }
        }
    };
}
pub(super) use string_enum;
