//! Limits the length of texts from vendors.

/// The text, in at most so many bytes: what is cut off shows as `…`.
#[must_use]
pub fn clip(text: &str, bytes: usize) -> String {
    const CUT: &str = "…";
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes.saturating_sub(CUT.len()));
    format!("{}{CUT}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_never_too_long() {
        for (text, bytes, clipped) in [
            ("", 3, ""),
            ("abcd", 4, "abcd"),
            ("abcde", 4, "a…"),
            ("aéde", 5, "aéde"),
            ("aédef", 5, "a…"),
            ("ééé", 5, "é…"),
        ] {
            assert_eq!(clip(text, bytes), clipped);
        }
    }
}
