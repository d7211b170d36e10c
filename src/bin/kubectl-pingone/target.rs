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
        let name = object_name(name)?;
        Ok(Self { kind, name })
    }
}

/// The name of an object of a kind, with the kind before it or without.
pub fn of(kind: Kind, text: &str) -> Result<String, String> {
    if !text.contains('/') {
        return object_name(text);
    }
    let target: Target = text.parse()?;
    if target.kind == kind {
        Ok(target.name)
    } else {
        Err(format!("it is to be a {}", kind.as_str()))
    }
}

/// A namespace. None is the context's.
pub fn namespace(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    object_name(text)
}

/// A name as Kubernetes takes it: it becomes a part of a path.
fn object_name(text: &str) -> Result<String, String> {
    let is_legal =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"-.".contains(&letter);
    if (1..=253).contains(&text.len()) && text.bytes().all(is_legal) {
        Ok(text.to_owned())
    } else {
        Err("it is no name of an object: lower-case letters, digits, '-' and '.'".to_owned())
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
        for text in ["aici/", "aici/dev/status", "promo/a?x=1", "..%2f", "Dev"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
        assert_eq!(of(Kind::Connection, "p1c/dev"), Ok("dev".to_owned()));
        assert_eq!(of(Kind::Connection, "dev"), Ok("dev".to_owned()));
        assert!(of(Kind::Connection, "promo/dev").is_err());
    }
}
