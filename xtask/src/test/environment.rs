//! What the tests are told, and what is kept from them.

use std::process::Command;

/// Variables of the environment that are set or removed.
#[derive(Debug, Clone, Default)]
pub struct Environment(Vec<(&'static str, Option<String>)>);

impl Environment {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name, Some(value.into())));
    }

    pub fn unset(&mut self, name: &'static str) {
        self.0.push((name, None));
    }

    /// Cargo with these arguments.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        self.apply(&mut command);
        command
    }

    /// For a command; the last word on a name counts.
    pub fn apply(&self, command: &mut Command) {
        // What cargo told us about ourselves is not for the crates it builds next.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
                command.env_remove(name);
            }
        }
        for (name, value) in &self.0 {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_there_and_what_is_taken_away_is_not() {
        let mut environment = Environment::new();
        environment.set("GIVEN", "value");
        environment.unset("HOME");
        let mut command = Command::new("sh");
        environment.apply(&mut command);
        let output = command.args(["-c", "echo $GIVEN-$HOME-$CARGO_PKG_NAME-"]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "value---");
    }
}
