//! Removes what could be secret, wherever it stands. The operator itself writes none of it: this is for what it does not
//! know.

use pingone_aic_operator::http::without_jwts;

/// A text without JWTs and without users and passwords of URLs.
pub fn text(text: &str) -> String {
    without_passwords(&without_jwts(text))
}

/// `https://user:password@host` becomes `https://[redacted]@host`.
fn without_passwords(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("://");
        let end = part.find(|letter: char| letter.is_whitespace() || "/?#\"'".contains(letter));
        let authority = &part[..end.unwrap_or(part.len())];
        match authority.rfind('@') {
            Some(at) => {
                out.push_str("[redacted]");
                out.push_str(&part[at..]);
            }
            None => out.push_str(part),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_secret_is_removed_and_the_rest_stays() {
        for (before, after) in [
            (
                "proxy https://user:pa@ss@host:1/x and more",
                "proxy https://[redacted]@host:1/x and more",
            ),
            ("https://host/a@b", "https://host/a@b"),
            ("a eyJhbGciOi.eyJq.c2ln b\n  c", "a [redacted] b\n  c"),
            ("plain", "plain"),
        ] {
            assert_eq!(text(before), after);
        }
    }
}
