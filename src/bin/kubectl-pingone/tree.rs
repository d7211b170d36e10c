//! What a command shows: a tree of lines for people, the same as JSON or YAML for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::style::{Style, Tone, plain};

/// A line, and what belongs to it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// `Namespace`, `Group`, `Environment` or a kind of the operator.
    pub kind: &'static str,
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// One word: a phase, or whether it is Active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Of `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Of `Ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What else is worth a column: a credential's age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Somebody has to do something.
    pub needs_person: bool,
    #[serde(skip)]
    pub tone: Tone,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Self>,
}

impl Node {
    /// Whether somebody is needed here or below.
    pub fn has_problem(&self) -> bool {
        self.needs_person || self.children.iter().any(Self::has_problem)
    }

    /// Whether something here or below is in this state.
    pub fn has_state(&self, state: &str) -> bool {
        self.state.as_deref() == Some(state) || self.children.iter().any(|child| child.has_state(state))
    }

    /// The same with nothing but what somebody is needed for, and the way to it.
    pub fn problems(mut self) -> Option<Self> {
        self.children = self.children.into_iter().filter_map(Self::problems).collect();
        (self.needs_person || !self.children.is_empty()).then_some(self)
    }
}

/// The lines of a tree. Messages are shown of what needs a person, and of everything where they are asked for.
pub fn draw(roots: &[Node], is_wide: bool, style: Style) -> String {
    let mut rows = Vec::new();
    for root in roots {
        collect(root, "", "", &mut rows);
    }
    let width = |of: &dyn Fn(&Row<'_>) -> usize| rows.iter().map(of).max().unwrap_or_default();
    // A title stands alone, and makes no room for columns.
    let names = width(&|row| match row.node.state {
        Some(_) => row.indent.chars().count() + plain(&row.node.name).chars().count(),
        None => 0,
    });
    let states = width(&|row| text(row.node.state.as_ref()).chars().count());
    let reasons = width(&|row| text(row.node.reason.as_ref()).chars().count());
    let mut drawn = String::new();
    for Row {
        node,
        indent,
        continues,
    } in &rows
    {
        let name = plain(&node.name);
        let pad = |used: usize, width: usize| " ".repeat(width.saturating_sub(used));
        let (state, reason) = (text(node.state.as_ref()), text(node.reason.as_ref()));
        let line = format!(
            "{indent}{name}{}  {}{}  {reason}{}  {}",
            pad(indent.chars().count() + name.chars().count(), names),
            style.paint(node.tone, &state),
            pad(state.chars().count(), states),
            pad(reason.chars().count(), reasons),
            text(node.detail.as_ref()),
        );
        drawn.push_str(line.trim_end());
        drawn.push('\n');
        if let Some(message) = node.message.as_ref().filter(|_| is_wide || node.needs_person) {
            // Writing to a String cannot fail.
            let _ = writeln!(drawn, "{continues}    {}", plain(message));
        }
    }
    drawn
}

fn text(of: Option<&String>) -> String {
    of.map(|text| plain(text)).unwrap_or_default()
}

struct Row<'a> {
    node: &'a Node,
    /// What stands before its name.
    indent: String,
    /// What stands before a second line of it.
    continues: String,
}

fn collect<'a>(node: &'a Node, indent: &str, below: &str, rows: &mut Vec<Row<'a>>) {
    let more = if node.children.is_empty() { "  " } else { "│ " };
    rows.push(Row {
        node,
        indent: indent.to_owned(),
        continues: format!("{below}{more}"),
    });
    let last = node.children.len().saturating_sub(1);
    for (index, child) in node.children.iter().enumerate() {
        let (branch, trunk) = if index == last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        collect(
            child,
            &format!("{below}{branch}"),
            &format!("{below}{trunk}"),
            rows,
        );
    }
}
