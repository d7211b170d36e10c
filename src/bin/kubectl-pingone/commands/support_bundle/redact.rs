//! Removes what could be secret, wherever it stands. The operator itself writes none of it: this is for what it does not
//! know.

use pingone_aic_operator::http::without_jwts;

/// What stands after one of these, up to a space or a delimiter, is a secret.
const BEFORE_A_SECRET: [&str; 8] = [
    "Bearer ",
    "Basic ",
    "password=",
    "password: ",
    "secret=",
    "token=",
    "api_key=",
    "apikey=",
];

/// A text without JWTs, without users and passwords of URLs, and without what looks like a secret by what stands before it.
pub fn text(text: &str) -> String {
    let text = without_passwords(&without_jwts(text));
    BEFORE_A_SECRET
        .iter()
        .fold(text, |text, before| without_what_follows(&text, before))
}

fn without_what_follows(text: &str, before: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = lower[from..].find(&before.to_ascii_lowercase()) {
        let start = from + found + before.len();
        out.push_str(&text[from..start]);
        let rest = &text[start..];
        let end = rest.find(|letter: char| letter.is_whitespace() || "&,;\"'<>".contains(letter));
        let end = end.unwrap_or(rest.len());
        if end > 0 {
            out.push_str("[redacted]");
        }
        from = start + end;
    }
    out.push_str(&text[from..]);
    out
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
            (
                "Authorization: bearer abc.def, x",
                "Authorization: bearer [redacted], x",
            ),
            (
                "client_secret=a&password: b c",
                "client_secret=[redacted]&password: [redacted] c",
            ),
            ("plain", "plain"),
        ] {
            assert_eq!(text(before), after);
        }
    }
}
