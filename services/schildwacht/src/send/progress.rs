//! What a person is told while a file is on its way: a bar on a terminal, elsewhere a line each few seconds; in both, at once, why nothing
//! moves.

use std::{
    cell::RefCell,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{deliver::Fate, report::Summary, source::Source};

/// Between lines where there is no terminal.
pub const EVERY: Duration = Duration::from_secs(5);

/// What was told last, and where it is told.
#[derive(Debug)]
pub struct Progress {
    /// On a terminal.
    bar: Option<ProgressBar>,
    /// Why something had to be tried again; empty since something arrived.
    trouble: RefCell<String>,
}

impl Progress {
    /// For people at a terminal, or for a log.
    pub fn new(source: &Source, is_for_machines: bool) -> Self {
        let is_watched = !is_for_machines && io::stderr().is_terminal();
        Self { bar: is_watched.then(|| bar(source.length())), trouble: RefCell::default() }
    }

    /// Says why a request is sent again, once until something arrives or the reason changes.
    pub fn trouble(&self, why: &str) {
        if *self.trouble.borrow() == why {
            return;
        }
        why.clone_into(&mut self.trouble.borrow_mut());
        self.say(&format!("{why}; trying again"));
    }

    /// A request is settled that was so many bytes of the file.
    pub fn settled(&self, fate: &Fate, bytes: u64, summary: &Summary) {
        if matches!(fate, Fate::Taken { .. }) {
            self.trouble.borrow_mut().clear();
        }
        if let Some(bar) = &self.bar {
            bar.inc(bytes);
            bar.set_message(format!("{} events accepted", summary.accepted()));
        }
    }

    /// Where there is no bar: how far it is.
    pub fn still_sending(&self, summary: &Summary) {
        if self.bar.is_some() {
            return;
        }
        let trouble = self.trouble.borrow();
        let waiting = if trouble.is_empty() { String::new() } else { format!("; still: {trouble}") };
        self.say(&format!("{} of {} events read so far accepted{waiting}", summary.accepted(), summary.events()));
    }

    /// The bar makes room for the account.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            // A closed standard error leaves nothing to do.
            None => drop(writeln!(io::stderr(), "schildwacht: {line}")),
        }
    }
}

/// Over the file's bytes. It moves when answers come, so that it never ends before them.
fn bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:32} {percent:>3} %  {bytes} of {total_bytes}  {eta} left  {msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {elapsed}  {msg}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
