//! The packs inside the binary.

/// A file at build time.
pub(crate) struct EmbeddedFile {
    /// The folder under `content/`, which is the pack's id.
    pub(crate) folder: &'static str,
    /// Its path in the repository, for messages.
    pub(crate) name: &'static str,
    /// Its content.
    pub(crate) text: &'static str,
}

/// Every YAML file in every folder of `content/`.
pub(crate) const FILES: &[EmbeddedFile] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
