//! Configuration in layers: the commented file with every default, the operator's file, the environment.
//!
//! Unknown keys are refused everywhere, because a misspelt key would silently not be set.
//! Environment variables are `SCHILDWACHT_` and the path with `__` between its parts:
//! `SCHILDWACHT_INCIDENT_INTAKE__DATABASE__URL`. Secrets may be given as `{ file = "/run/secrets/x" }`.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment,
    providers::{Env, Format as _, Toml},
};
use serde::{Deserialize, de::DeserializeOwned};
use url::Url;

/// The prefix of environment variables.
pub const ENV_PREFIX: &str = "SCHILDWACHT_";

/// Variables with the prefix that are not configuration.
const NOT_CONFIGURATION: [&str; 2] = ["TEST_", "DEMO_"];

/// What is wrong with the configuration, in one line with its key and file.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// An error of a service's own validation; `key` is the full path.
    pub fn at(key: &str, complaint: impl fmt::Display) -> Self {
        Self(format!("{key}: {complaint}"))
    }
}

/// Loads a configuration from the defaults, the file if there is one, and the environment.
///
/// # Errors
/// When the file cannot be read, a key is unknown, or a value has the wrong shape.
pub fn load<T: DeserializeOwned>(defaults: &str, file: Option<&Path>) -> Result<T, ConfigError> {
    let mut layers = Figment::from(Toml::string(defaults));
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError(format!("no file at {}", file.display())));
        }
        layers = layers.merge(Toml::file_exact(file));
    }
    let environment = Env::prefixed(ENV_PREFIX).filter(|key| !NOT_CONFIGURATION.iter().any(|other| starts_with(key.as_str(), other)));
    layers.merge(environment.split("__")).extract().map_err(|error| ConfigError(describe(&error)))
}

fn starts_with(key: &str, prefix: &str) -> bool {
    key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn describe(error: &figment::Error) -> String {
    let complaints: Vec<String> = error
        .clone()
        .into_iter()
        .map(|one| {
            let key = one.path.join(".");
            let place = one.metadata.as_ref().and_then(|metadata| metadata.source.as_ref()).map(ToString::to_string);
            let place = place.or_else(|| one.metadata.as_ref().map(|metadata| metadata.name.to_string()));
            let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
            let place = place.map(|place| format!(" (in {place})")).unwrap_or_default();
            format!("{key}{}{place}", in_one_line(&one.kind.to_string()))
        })
        .collect();
    complaints.join("; ")
}

/// Drops the TOML parser's drawing of the place, which makes no sense in one line.
fn in_one_line(complaint: &str) -> String {
    let is_drawing =
        |line: &str| line.trim_start_matches(|character: char| character == ' ' || character.is_ascii_digit()).starts_with('|');
    complaint.lines().filter(|line| !is_drawing(line)).collect::<Vec<_>>().join(", ")
}

/// A secret: never printed, given in place or as `{ file = "…" }`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Refuses what a template holds where a secret belongs: a variable that nobody filled in, or a word that asks for a secret.
    /// Everybody who reads the template knows it. `key` is the full path.
    ///
    /// # Errors
    /// Names the key and what to give, and not the value.
    pub fn refuse_placeholder(&self, key: &str) -> Result<(), ConfigError> {
        if is_placeholder(&self.0) {
            let advice = "this is the placeholder of a template and no secret; give 32 random bytes, as `openssl rand -hex 32` makes them";
            return Err(ConfigError::at(key, advice));
        }
        Ok(())
    }
}

fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 8] = ["changeit", "secret", "password", "todo", "tbd", "example", "yoursecret", "yourpassword"];
    const ANYWHERE: [&str; 4] = ["changeme", "placeholder", "replaceme", "fillmein"];
    let text = text.trim();
    let is_variable = text.contains("${") || text.contains("{{") || text.starts_with('<') && text.ends_with('>');
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    let is_one_letter = letters.len() > 1 && letters.bytes().all(|letter| letter == b'x');
    is_variable || is_one_letter || WORDS.contains(&letters.as_str()) || ANYWHERE.iter().any(|word| letters.contains(word))
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            InPlace(String),
            File { file: PathBuf },
        }
        let text = match Form::deserialize(deserializer)? {
            Form::InPlace(text) => text,
            Form::File { file } => std::fs::read_to_string(&file)
                .map_err(|error| serde::de::Error::custom(format!("secret file {}: {error}", file.display())))?
                .trim_end_matches(['\r', '\n'])
                .to_owned(),
        };
        Ok(Self(text))
    }
}

/// Whether an address is loopback, so that plain text may be sent there.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_host)
}

/// The same of a host alone: a name, or an address with or without brackets.
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        limit: u32,
        key: Secret,
    }

    const DEFAULTS: &str = "[inner]\nlimit = 5\nkey = \"quiet\"\n";

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn a_file_overrides_a_default() {
        let given = file("[inner]\nlimit = 6\n");
        let config: Outer = load(DEFAULTS, Some(given.path())).unwrap();
        assert_eq!(config.inner.limit, 6);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let given = file("[inner]\nlimitt = 6\n");
        let complaint = load::<Outer>(DEFAULTS, Some(given.path())).unwrap_err().to_string();
        assert!(complaint.contains("limitt") && complaint.contains(given.path().to_str().unwrap()), "{complaint}");
        assert!(!complaint.contains('\n'), "one line: {complaint}");
    }

    #[test]
    fn a_file_that_is_no_toml_is_said_in_one_line_without_the_drawing() {
        let given = file("[inner]\nlimit = [\n");
        let complaint = load::<Outer>(DEFAULTS, Some(given.path())).unwrap_err().to_string();
        assert!(complaint.contains("at line 2, column ") && complaint.contains("array"), "{complaint}");
        assert!(!complaint.contains(['\n', '|', '^']), "{complaint}");
    }

    #[test]
    fn a_wrong_type_names_the_key() {
        let given = file("[inner]\nlimit = \"many\"\n");
        let complaint = load::<Outer>(DEFAULTS, Some(given.path())).unwrap_err().to_string();
        assert!(complaint.contains("inner.limit"), "{complaint}");
    }

    #[test]
    fn a_missing_file_is_refused() {
        let complaint = load::<Outer>(DEFAULTS, Some(Path::new("/nowhere/schildwacht.toml"))).unwrap_err().to_string();
        assert!(complaint.contains("/nowhere/schildwacht.toml"), "{complaint}");
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_never_printed() {
        let secret = file("hunter2\n");
        let given = file(&format!("[inner]\nkey = {{ file = {:?} }}\n", secret.path()));
        let config: Outer = load(DEFAULTS, Some(given.path())).unwrap();
        assert_eq!(config.inner.key.expose(), "hunter2");
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn the_placeholder_of_a_template_is_no_secret() {
        let templates = [
            "${SCHILDWACHT_IDENTITY_SECRET}",
            "{{ .Values.secret }}",
            "<secret>",
            "change-me",
            "Change_Me!",
            "please-change-me-1",
            "placeholder",
            " replace me ",
            "xxxxxxxx",
            "secret",
            "Password",
        ];
        for template in templates {
            let refused = Secret::new(template).refuse_placeholder("portal.client_secret").unwrap_err().to_string();
            assert!(refused.contains("portal.client_secret: ") && refused.contains("openssl rand"), "{template}: {refused}");
            assert!(!refused.contains("SCHILDWACHT_") && !refused.contains("-me"), "the value may be a secret all the same: {refused}");
        }
        // Empty is for each key to judge.
        for secret in ["", "0f3a9c41d2", "correct horse battery", "x", "$2b$10$xxSecretSauce"] {
            Secret::new(secret).refuse_placeholder("portal.client_secret").unwrap();
        }
    }

    #[test]
    fn what_only_this_machine_reaches_is_known_by_its_host() {
        let is_here = |url: &str| is_loopback(&url.parse().unwrap());
        for url in [
            "http://127.0.0.1:8080/",
            "http://127.8.0.1/",
            "http://[::1]:4318",
            "http://localhost/issuer",
            "postgres://a:b@127.0.0.1/c",
            "redis://[::1]:6379",
        ] {
            assert!(is_here(url), "{url}");
        }
        for url in [
            "http://0.0.0.0:8080/",
            "http://localhost.example/",
            "http://10.0.0.1/",
            "http://127.0.0.1@example/",
            "unix:/run/a",
            "redis://127.0.0.1.example:6379",
        ] {
            assert!(!is_here(url), "{url}");
        }
    }
}
