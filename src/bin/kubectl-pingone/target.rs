//! An object that the command line names.

use std::str::FromStr;

/// A kind of the operator, and a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub kind: Kind,
    pub name: String,
}

/// A kind of the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Connection,
    Integration,
    Promotion,
}

impl Kind {
    /// The kind as manifests have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "PingOneConnection",
            Self::Integration => "AICIntegration",
            Self::Promotion => "Promotion",
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, name) = text.split_once('/').unwrap_or(("promotion", text));
        let kind = kind.trim_end_matches(".pingone-aic.io").to_lowercase();
        let kind = match kind.as_str() {
            "pingoneconnection" | "pingoneconnections" | "p1c" => Kind::Connection,
            "aicintegration" | "aicintegrations" | "aici" => Kind::Integration,
            "promotion" | "promotions" | "promo" => Kind::Promotion,
            _ => {
                return Err(format!(
                    "{kind} is none of pingoneconnection (p1c), aicintegration (aici) and promotion (promo)"
                ));
            }
        };
        if name.is_empty() {
            return Err("it has no name".to_owned());
        }
        Ok(Self {
            kind,
            name: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_named_as_kubectl_names_them() {
        for (text, kind, name) in [
            ("release-1", Kind::Promotion, "release-1"),
            ("promo/release-1", Kind::Promotion, "release-1"),
            ("aici/dev", Kind::Integration, "dev"),
            ("aicintegrations.pingone-aic.io/dev", Kind::Integration, "dev"),
            ("PingOneConnection/dev", Kind::Connection, "dev"),
        ] {
            let name = name.to_owned();
            assert_eq!(text.parse(), Ok(Target { kind, name }), "{text}");
        }
        assert!(
            "pod/dev"
                .parse::<Target>()
                .is_err_and(|error| error.contains("aici"))
        );
        assert!("aici/".parse::<Target>().is_err());
    }
}
