//! Reads `policies/` when the crate is built: for each area what can be done (`.cedarschema`) and who may (`.cedar`). What does not parse, or
//! names what the schema does not know, is a build error with its file; so is a policy that does not say why. The enum `Action` is written from the schema. A new area is two new
//! files, nothing else.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    str::FromStr as _,
};

use cedar_policy::{EntityId, EntityNamespace, PolicySet, Schema, SchemaFragment, ValidationMode, Validator};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=policies");
    let into = PathBuf::from(std::env::var("OUT_DIR")?);

    let (mut fragments, mut schemas) = (Vec::new(), String::from("&[\n"));
    for file in files("cedarschema")? {
        let text = fs::read_to_string(&file)?;
        let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        fragments.push(fragment);
        writeln!(schemas, "{text:?},")?;
    }
    schemas.push(']');
    let schema = Schema::from_schema_fragments(fragments.clone()).map_err(|error| format!("policies/*.cedarschema: {error}"))?;
    fs::write(into.join("action.rs"), action_enum(&actions(&schema, &fragments)?)?)?;
    fs::write(into.join("schemas.rs"), schemas)?;

    let validator = Validator::new(schema);
    let mut all = String::new();
    for file in files("cedar")? {
        let text = fs::read_to_string(&file)?;
        let policies = PolicySet::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let result = validator.validate(&policies, ValidationMode::Strict);
        let problems: Vec<String> =
            result.validation_errors().map(ToString::to_string).chain(result.validation_warnings().map(ToString::to_string)).collect();
        if !problems.is_empty() {
            return Err(format!("{}: {}", file.display(), problems.join("; ")).into());
        }
        if let Some(policy) = policies.policies().find(|policy| ["id", "nl", "en"].iter().any(|said| policy.annotation(said).is_none())) {
            return Err(format!("{}: each policy needs @id, and why it permits that: @nl and @en\n{policy}", file.display()).into());
        }
        all.push_str(&text);
    }
    fs::write(into.join("policies.cedar"), all)?;
    Ok(())
}

fn files(extension: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<_> =
        fs::read_dir(Path::new("policies"))?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|its| its == extension));
    files.sort();
    Ok(files)
}

/// An action of the schema: its name, and what its `@doc`, its `@class` and its `@sees` or `@changes` say.
struct Action {
    name: String,
    doc: String,
    class: u8,
    /// `Access` and `DataKind`; `None`: nothing of an organisation.
    reaches: Option<(&'static str, String)>,
}

fn actions(schema: &Schema, fragments: &[SchemaFragment]) -> Result<Vec<Action>> {
    let namespace = EntityNamespace::from_str("Schildwacht")?;
    let mut ids: Vec<&EntityId> = schema.actions().map(cedar_policy::EntityUid::id).collect();
    ids.sort_by_key(|id| id.unescaped().to_owned());
    let said = |id: &EntityId, annotation| {
        fragments.iter().find_map(|fragment| fragment.action_annotation(Some(namespace.clone()), id, annotation).map(str::to_owned))
    };
    let described = |id: &EntityId| {
        let name = id.unescaped().to_owned();
        let doc = said(id, "doc").ok_or_else(|| format!("action \"{name}\" says nowhere what it is: give it a @doc(\"…\")"))?;
        let class = said(id, "class").and_then(|class| class.parse().ok()).filter(|class| (1..=5).contains(class));
        let class = class.ok_or_else(|| format!("action \"{name}\" needs the class of what it reaches: @class(\"1\") to @class(\"5\")"))?;
        let (access, data) = match (said(id, "sees"), said(id, "changes")) {
            (Some(data), None) => ("Sees", data),
            (None, Some(data)) => ("Changes", data),
            _ => {
                return Err(
                    format!("action \"{name}\" needs the kind of data that it shows or changes: @sees(\"…\") or @changes(\"…\")").into()
                );
            }
        };
        let reaches = (data != "none").then(|| (access, variant(&data)));
        Ok(Action { name, doc, class, reaches })
    };
    ids.into_iter().map(described).collect()
}

/// `gateway.revoke` is `Action::GatewayRevoke`.
fn action_enum(actions: &[Action]) -> Result<String> {
    let mut code = String::from(
        "/// Something a caller wants to do.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr, strum::VariantArray)]\n\
         pub enum Action {\n",
    );
    for Action { name, doc, .. } in actions {
        writeln!(code, "    /// {doc}\n    #[strum(serialize = {name:?})]\n    {},", variant(name))?;
    }
    code.push_str("}\n\nimpl Action {\n    /// The class of information that it reaches or changes; 1 is public.\n");
    code.push_str("    pub const fn information_class(self) -> u8 {\n        match self {\n");
    for class in 1..=5 {
        let of_class: Vec<String> =
            actions.iter().filter(|action| action.class == class).map(|action| format!("Self::{}", variant(&action.name))).collect();
        if !of_class.is_empty() {
            writeln!(code, "            {} => {class},", of_class.join(" | "))?;
        }
    }
    code.push_str("        }\n    }\n\n    /// Of which kind the data of an organisation is that it shows or changes; `None`: of none.\n");
    code.push_str("    pub const fn reaches(self) -> Option<(DataKind, Access)> {\n        match self {\n");
    for Action { name, reaches, .. } in actions {
        let reaches =
            reaches.as_ref().map_or_else(|| "None".to_owned(), |(access, data)| format!("Some((DataKind::{data}, Access::{access}))"));
        writeln!(code, "            Self::{} => {reaches},", variant(name))?;
    }
    code.push_str("        }\n    }\n}\n");
    Ok(code)
}

fn variant(name: &str) -> String {
    name.split(['.', '_']).map(capitalised).collect()
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
