//! Prepares what browsers fetch beside the pages: the styles, lowered for the old tablets of schools, the icons and the script.
//!
//! All of it is compiled in, plain and compressed, under one path that carries a hash of the contents. So a browser may
//! keep a file for ever, and a new release can never meet an old style.

use std::{
    error::Error,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use lightningcss::{
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet},
    targets::{Browsers, Targets},
};
use sha2::{Digest, Sha256};

/// The style sheets, in the order in which they build on each other.
const STYLES: [&str; 2] = ["tokens.css", "base.css"];

/// The other files, with their media types.
const FILES: [(&str, &str); 3] =
    [("icons.svg", "image/svg+xml"), ("portal.js", "text/javascript; charset=utf-8"), ("favicon.svg", "image/svg+xml")];

/// The oldest browsers that still get the whole design (`docs/architecture.md`, "Pages").
const OLDEST_BROWSERS: Browsers = Browsers {
    android: None,
    chrome: Some(100 << 16),
    edge: None,
    firefox: None,
    ie: None,
    ios_saf: Some(15 << 16),
    opera: None,
    safari: Some(15 << 16),
    samsung: None,
};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    contents: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("assets");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=templates");

    let mut assets =
        vec![Asset { name: "portal.css", media_type: "text/css; charset=utf-8", contents: lower_styles(folder)?.into_bytes() }];
    for (name, media_type) in FILES {
        assets.push(Asset { name, media_type, contents: fs::read(folder.join(name))? });
    }
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    fs::write(out_dir.join("assets.rs"), write_table(&assets, &out_dir)?)?;
    Ok(())
}

/// Joins the style sheets and rewrites nesting, `light-dark()` and what else the oldest browsers do not know.
fn lower_styles(folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut source = String::new();
    for name in STYLES {
        source.push_str(&fs::read_to_string(folder.join(name))?);
    }
    let targets = Targets::from(OLDEST_BROWSERS);
    let mut sheet = StyleSheet::parse(&source, ParserOptions::default()).map_err(|problem| format!("styles: {problem}"))?;
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).map_err(|problem| format!("styles: {problem}"))?;
    let lowered = sheet.to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() })?;
    Ok(lowered.code)
}

/// Writes each file plain and compressed, and the Rust table that includes them.
fn write_table(assets: &[Asset], out_dir: &Path) -> Result<String, Box<dyn Error>> {
    let mut hasher = Sha256::new();
    for asset in assets {
        hasher.update(asset.name);
        hasher.update(&asset.contents);
    }
    let version: String = hasher.finalize().iter().take(6).fold(String::new(), |mut text, byte| {
        let _written = write!(text, "{byte:02x}");
        text
    });

    let mut table = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    let mut paths = format!("/// Hash of all files together.\npub(crate) const VERSION: &str = {version:?};\n");
    for asset in assets {
        let plain = out_dir.join(asset.name);
        let compressed = out_dir.join(format!("{}.gz", asset.name));
        fs::write(&plain, &asset.contents)?;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&asset.contents)?;
        fs::write(&compressed, encoder.finish()?)?;

        let constant = asset.name.replace('.', "_").to_uppercase();
        writeln!(paths, "pub(crate) const {constant}: &str = {:?};", format!("/assets/{version}/{}", asset.name))?;
        writeln!(
            table,
            "    Asset {{ name: {:?}, media_type: {:?}, plain: include_bytes!({}), gzip: include_bytes!({}) }},",
            asset.name,
            asset.media_type,
            beside(asset.name),
            beside(&format!("{}.gz", asset.name)),
        )?;
    }
    table.push_str("];\n");
    Ok(paths + &table)
}

/// The path of a file beside the generated code, by `OUT_DIR`, so that a target folder may be moved.
fn beside(name: &str) -> String {
    format!("concat!(env!(\"OUT_DIR\"), \"/{name}\")")
}
