//! The rows of `docs/lock-protocol.md`.

use std::fmt;

macro_rules! rows {
    ($($row:ident $number:literal)*) => {
        /// The row of a decision.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(in super::super) enum Row {
            $(#[doc = $number] $row),*
        }

        impl Row {
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$row),*];

            const fn number(self) -> &'static str {
                match self {
                    $(Self::$row => $number),*
                }
            }
        }
    };
}

rows! {
    R1 "1" R2 "2" R2b "2b" R2c "2c" R3 "3" R3b "3b"
    R5 "5" R6 "6" R7 "7" R7b "7b" R7c "7c" R8 "8" R8b "8b" R9 "9" R10 "10" R10b "10b"
    R11 "11" R12 "12" R13 "13" R13b "13b" R14 "14" R15 "15" R15b "15b" R15c "15c" R16 "16"
    R18 "18" R19 "19" R20 "20" R21 "21" R22 "22" R23 "23" R24 "24" R25 "25"
    R26 "26" R27 "27"
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.number())
    }
}
