//! Removes secrets from a vendor's text before it is shown.

use secrecy::{ExposeSecret, SecretString};

const SHOWN: usize = 300;
const REDACTED: &str = "[redacted]";

/// A vendor's text in one line, shortened, without the secrets of the call and without anything like a JWT.
pub(super) fn redact(text: &str, secrets: &[SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets
        .iter()
        .map(ExposeSecret::expose_secret)
        .filter(|secret| !secret.is_empty())
    {
        text = text.replace(secret, REDACTED);
    }
    let line = text
        .split_whitespace()
        .map(without_jwts)
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// How a JWT begins (the base64 of `{"`), and how the base64 of a JWT does, as an ESV's value is sent.
const BEGINNINGS: [&str; 2] = ["eyJ", "ZXlK"];

/// Replaces every run of token characters from where a JWT, or the base64 of one, begins in it.
#[must_use]
pub fn without_jwts(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = BEGINNINGS
        .iter()
        .filter_map(|beginning| rest.find(beginning))
        .min()
    {
        out.push_str(&rest[..start]);
        out.push_str(REDACTED);
        let token = &rest[start..];
        let end = token
            .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.+/=".contains(c)))
            .unwrap_or(token.len());
        rest = &token[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_the_call_and_jwts_are_removed_wherever_they_stand() {
        let secrets = [SecretString::from("s3cr3t"), SecretString::from("")];
        assert_eq!(
            redact(
                "bad secret \"s3cr3t\" in\n{\"assertion\":\"eyJhbGciOi.eyJp-_c3M.sig\"}",
                &secrets
            ),
            "bad secret \"[redacted]\" in {\"assertion\":\"[redacted]\"}"
        );
    }

    #[test]
    fn a_part_of_an_encoded_jwt_is_removed() {
        assert_eq!(
            redact("value ZXlKaGJHY2lPaUpT… is bad", &[]),
            "value [redacted]… is bad"
        );
        assert_eq!(redact("a:ZXlKaGI= b:eyJhb", &[]), "a:[redacted] b:[redacted]");
    }

    #[test]
    fn a_long_text_is_cut_on_a_character() {
        let cut = redact(&"ä".repeat(1000), &[]);
        assert_eq!(cut.chars().count(), SHOWN + 1);
    }
}
