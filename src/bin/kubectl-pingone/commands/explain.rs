//! `explain REASON`.

use pingone_aic_operator::api::Reason;
use serde_json::json;

use super::Printer;
use crate::{Answer, arguments::Explain, failure::Failure};

pub fn run(printer: Printer, Explain { reason, .. }: &Explain) -> Result<Answer, Failure> {
    let Some(found) = Reason::all().find(|known| known.as_str().eq_ignore_ascii_case(reason)) else {
        let part = reason.to_lowercase();
        let near: Vec<_> = Reason::all()
            .map(Reason::as_str)
            .filter(|known| known.to_lowercase().contains(&part) || part.contains(&known.to_lowercase()))
            .collect();
        let near = if near.is_empty() {
            "docs/reasons.md lists them".to_owned()
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        return Err(Failure::Usage(format!("there is no reason {reason}: {near}")));
    };
    let explained = json!({"reason": found.as_str(), "meaning": found.meaning()});
    printer.print(&explained, || {
        format!("{}\n{}\n", found.as_str(), found.meaning())
    })?;
    Ok(Answer::Yes)
}
