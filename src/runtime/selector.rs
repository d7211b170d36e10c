//! Labels as kubectl takes them.

use kube::core::{Expression, Selector};

/// Reads a selector: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a`, `!a`, joined by commas.
///
/// # Errors
/// When it says nothing, or something else, with what would be right.
pub fn parse(text: &str) -> Result<Selector, String> {
    let expressions: Vec<_> = parts(text)
        .into_iter()
        .map(expression)
        .collect::<Result<_, _>>()?;
    Ok(expressions.into_iter().collect())
}

/// What stands between commas, but for those in parentheses.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let split = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    };
    text.split(split).map(str::trim).collect()
}

fn expression(text: &str) -> Result<Expression, String> {
    let wrong =
        || format!("{text:?} selects nothing: give labels as kubectl takes them, for example shard=a");
    let set = |key: &str, values: &str| {
        let values = values
            .trim()
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        let values: Option<_> =
            values.map(|values| values.split(',').map(|value| value.trim().to_owned()).collect());
        Some((key.trim().to_owned(), values?))
    };
    let pair = |(key, value): (&str, &str)| (key.trim().to_owned(), value.trim().to_owned());
    let found = if let Some((key, values)) = text.split_once(" notin ") {
        let (key, values) = set(key, values).ok_or_else(wrong)?;
        Expression::NotIn(key, values)
    } else if let Some((key, values)) = text.split_once(" in ") {
        let (key, values) = set(key, values).ok_or_else(wrong)?;
        Expression::In(key, values)
    } else if let Some(both) = text.split_once("!=") {
        let (key, value) = pair(both);
        Expression::NotEqual(key, value)
    } else if let Some(both) = text.split_once("==").or_else(|| text.split_once('=')) {
        let (key, value) = pair(both);
        Expression::Equal(key, value)
    } else if let Some(key) = text.strip_prefix('!') {
        Expression::DoesNotExist(key.trim().to_owned())
    } else {
        Expression::Exists(text.to_owned())
    };
    if is_sound(&found) { Ok(found) } else { Err(wrong()) }
}

/// Whether keys and values have the characters of labels; the API server judges the rest.
fn is_sound(expression: &Expression) -> bool {
    let is_text = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c))
    };
    let is_key = |key: &str| !key.is_empty() && is_text(key);
    match expression {
        Expression::In(key, values) | Expression::NotIn(key, values) => {
            is_key(key) && values.iter().all(|value| is_text(value))
        }
        Expression::Equal(key, value) | Expression::NotEqual(key, value) => is_key(key) && is_text(value),
        Expression::Exists(key) | Expression::DoesNotExist(key) => is_key(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_takes_is_read_and_written_alike() {
        for text in [
            "shard=a",
            "shard!=a",
            "shard in (a,b),team=identity",
            "shard notin (a,b)",
            "example.com/shard",
            "!shard",
        ] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            parse("shard == a , team=b").unwrap().to_string(),
            "shard=a,team=b"
        );
    }

    #[test]
    fn what_selects_nothing_is_refused_with_the_remedy() {
        for text in ["", "a=b,", "=b", "a in b", "a b", "a in (b", "!"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("for example shard=a"), "{text}: {error}");
        }
    }
}
