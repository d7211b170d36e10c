//! The names that an integration has in a tenant. What is derived here must come out the same in every environment
//! of a promotion group, for worker and mapping are promoted as they are.

use std::{fmt, str::FromStr};

use crate::api::Realm;

/// A text is not of the form that the tenant asks for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct InvalidName {
    text: String,
    expected: &'static str,
}

macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The name as a text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name! {
    /// An integration's name, which is its worker's name.
    IntegrationName,
    "letters and digits in groups joined by single hyphens, beginning with a letter, at most 64 characters",
    |text| text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.split('-').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

name! {
    /// An ESV's id: `^esv-[a-z0-9_-]{1,124}$` (OpenAPI description), and at most 124 characters in all (AIC
    /// documentation).
    EsvId,
    "an ESV's id: esv- and 1 to 120 lower-case letters, digits, '-' and '_'",
    |text| text.strip_prefix("esv-").is_some_and(|rest| {
        (1..=120).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
    })
}

name! {
    /// A worker's Credential Secret Label Identifier, as the tenant's console takes it.
    LabelIdentifier,
    "a label identifier: letters and digits in groups joined by single periods",
    |text| text.len() <= 124
        && text.split('.').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

impl IntegrationName {
    /// The ESV that a name gives.
    #[must_use]
    pub fn esv_id(&self) -> EsvId {
        EsvId(format!("esv-{}", self.0.to_ascii_lowercase()))
    }

    /// The label identifier that a name gives; two names never give the same one.
    #[must_use]
    pub fn label_identifier(&self) -> LabelIdentifier {
        LabelIdentifier(self.0.replace('-', "."))
    }
}

impl LabelIdentifier {
    /// The secret label of the credential JWT, which exists once a worker uses the identifier (AIC documentation).
    #[must_use]
    pub fn secret_label(&self) -> String {
        format!("am.services.pingone.worker.{}.credential", self.0)
    }
}

/// The console's default name for an environment (assumed: every run of other characters becomes one hyphen).
#[must_use]
pub fn derived_name(environment_name: &str) -> Option<IntegrationName> {
    let groups: Vec<_> = environment_name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|g| !g.is_empty())
        .collect();
    let name = groups.join("-");
    name.get(..name.len().min(64))?.trim_end_matches('-').parse().ok()
}

/// The path of a realm's configuration (AIC documentation).
pub(super) fn realm_config(realm: Realm) -> String {
    format!("/am/json/realms/root/realms/{}/realm-config", realm.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_its_esv_and_its_label() {
        let name: IntegrationName = "PingOne-Integration-AIC".parse().unwrap();
        assert_eq!(name.esv_id().as_str(), "esv-pingone-integration-aic");
        assert_eq!(
            name.label_identifier().secret_label(),
            "am.services.pingone.worker.PingOne.Integration.AIC.credential"
        );
        assert!(name.esv_id().as_str().parse::<EsvId>().is_ok());
        assert!(
            name.label_identifier()
                .as_str()
                .parse::<LabelIdentifier>()
                .is_ok()
        );
    }

    #[test]
    fn a_name_is_derived_from_any_environment_that_has_letters() {
        let derived = |text: &str| derived_name(text).map(|name| name.to_string());
        assert_eq!(
            derived("env-pingoneaic-mycompany-ew2-dev").unwrap(),
            "env-pingoneaic-mycompany-ew2-dev"
        );
        assert_eq!(derived(" My  (own) Environment! ").unwrap(), "My-own-Environment");
        assert_eq!(derived(&format!("{}-b", "a".repeat(63))).unwrap(), "a".repeat(63));
        assert_eq!(derived("日本"), None);
    }

    #[test]
    fn names_outside_the_grammar_are_refused() {
        for text in ["", "-a", "a-", "a--b", "a_b", "a b", "ä", "1a"] {
            assert!(text.parse::<IntegrationName>().is_err(), "{text}");
        }
        assert!("a".repeat(65).parse::<IntegrationName>().is_err());
        for text in ["esv-", "ESV-a", "esv-A", "esv-a/b"] {
            assert!(text.parse::<EsvId>().is_err(), "{text}");
        }
        let of_length = |length: usize| format!("esv-{}", "a".repeat(length - 4)).parse::<EsvId>();
        assert!(of_length(124).is_ok() && of_length(125).is_err());
        for text in [".a", "a.", "a-b", "a..b", ""] {
            assert!(text.parse::<LabelIdentifier>().is_err(), "{text}");
        }
    }
}
