//! Colour, on a terminal only, and times as people say them.

use std::io::{IsTerminal, Write as _};

use k8s_openapi::jiff::Timestamp;

/// How a line is to be looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// It goes on by itself.
    Going,
    /// Somebody has to do something.
    Bad,
    /// Nothing is said of it.
    #[default]
    Plain,
}

/// Whether colours are used.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    is_coloured: bool,
}

impl Style {
    /// As the place allows it that is printed to, and whoever asks for none (<https://no-color.org>).
    pub fn of_output() -> Self {
        let is_unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            is_coloured: std::io::stdout().is_terminal() && !is_unwanted,
        }
    }

    /// A text in its colour.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "32",
            Tone::Going => "33",
            Tone::Bad => "31;1",
            Tone::Plain => return text.to_owned(),
        };
        if self.is_coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Without colours.
    pub fn plain() -> Self {
        Self { is_coloured: false }
    }
}

/// Prints it. Whoever reads it may have seen enough, as `head` has: then the program ends.
pub fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    if output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .is_err()
    {
        std::process::exit(0);
    }
}

/// A text without what could move a terminal's cursor, or turn the order of what is read: vendors and tenants write parts
/// of it.
pub fn plain(text: &str) -> String {
    let turns = |character| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .filter(|character| !character.is_control() && !turns(*character))
        .collect()
}

/// A tenant's text as Markdown shows it and never reads it: between more backticks than it holds.
pub fn code(text: &str) -> String {
    let runs = text.split(|character| character != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    format!("{fence} {} {fence}", plain(text))
}

/// How long ago something was, in its largest unit, as kubectl says it.
pub fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(since.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_one_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (seconds, said) in [
            (-5, "0s"),
            (119, "119s"),
            (120, "2m"),
            (7_200, "2h"),
            (200_000, "2d"),
        ] {
            assert_eq!(age(at(1_000_000 - seconds), at(1_000_000)), said);
        }
    }

    #[test]
    fn a_tenants_text_is_no_markdown() {
        assert_eq!(code("a"), "` a `");
        assert_eq!(code("x``<img>`\n"), "``` x``<img>` ```");
    }

    #[test]
    fn a_vendors_text_cannot_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2Jb\r\nc\u{202e}d"), "a[2Jbcd");
        assert_eq!(Style::plain().paint(Tone::Bad, "x"), "x");
    }
}
