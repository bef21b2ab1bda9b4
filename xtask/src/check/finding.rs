//! What a rule finds.

use std::fmt;

use crate::tree::Tree;

/// Something to mend.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    /// From 1.
    line: usize,
    rule: &'static str,
    /// What is wrong and what to do, in one line.
    message: String,
}

impl Finding {
    pub fn new(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, message } = self;
        write!(formatter, "{path}:{line}: {rule}: {message}")
    }
}

/// Adds what it finds in the checkout.
pub type Rule = fn(&Tree, &mut Vec<Finding>);

/// The findings of one rule on one tree, as they are printed.
#[cfg(test)]
pub fn printed(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    rule(&Tree::of(files), &mut findings);
    findings.sort();
    findings.iter().map(Finding::to_string).collect()
}
