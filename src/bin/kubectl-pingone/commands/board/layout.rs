//! What all pages have in common. Every text in them is escaped by the template.

use k8s_openapi::jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use crate::style::{Tone, age, plain};

/// Where a page of the board stands. A page without a place never changes.
pub struct Place<'a> {
    /// The path of the first page.
    pub root: &'a str,
    /// The cluster that it shows.
    pub server: &'a str,
    /// The revision of the objects that it shows.
    pub revision: u64,
    /// Why that may be an old one.
    pub error: Option<&'a str>,
}

/// A page.
pub fn page(title: &str, content: &Markup, place: Option<&Place<'_>>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - PingOne" }
                link rel="stylesheet" href="/board.css";
                link rel="icon" href="data:,";
                @if place.is_some() { script src="/board.js" defer {} }
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                @if let Some(place) = place {
                    header {
                        nav aria-label="Pages" { a href=(place.root) { "All environments" } }
                        p { small { (place.server) } }
                        p #connection role="status" {}
                        noscript { p { "Without JavaScript this page does not update itself: load it again." } }
                        p #error role="alert" { @if let Some(error) = place.error { (foreign(error)) } }
                    }
                }
                main #content tabindex="-1" data-root=[place.map(|place| place.root)]
                    data-revision=[place.map(|place| place.revision)] { (content) }
            }
        }
    }
}

/// One word in its colour. The word alone tells what the colour does.
pub fn badge(tone: Tone, word: &str) -> Markup {
    html! { span class={ "badge " (class(tone)) } { (word) } }
}

pub fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Going => "going",
        Tone::Bad => "bad",
        Tone::Plain => "plain",
    }
}

/// A text of a vendor's or a tenant's: it cannot turn the text around it.
pub fn foreign(text: &str) -> Markup {
    html! { bdi { (plain(text)) } }
}

/// How long ago something was.
pub fn since(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) { (age(at, now)) } }
}
