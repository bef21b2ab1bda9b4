//! Signed notes (C2SP `signed-note`): a text, an empty line, and a line with the name of a key and its Ed25519 signature.
//!
//! The keys, too, are as that document writes them: `<name>+<8 hex digits>+<base64>`. Any tool that reads signed notes reads ours.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{
    Signature, Signer as _, VerifyingKey,
    pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use runtime::private_file::{self, PrivateFileError};
use sha2::{Digest as _, Sha256};

/// The name of every key of ours.
const KEY_NAME: &str = "schildwacht-audit";
/// Ed25519, in signed notes.
const ED25519: u8 = 1;
const SIGNATURE_BEGINS: &str = "\u{2014} ";

/// Why there is no key to sign with or to trust.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It is something else.
    #[error("not an Ed25519 private key in PEM ({0}); make one with: openssl genpkey -algorithm ed25519")]
    NotPrivate(String),
    /// It is something else.
    #[error("{0:?} is not a public key of checkpoints; give it as `schildwacht audit key` prints it")]
    NotPublic(String),
    /// The system has no randomness.
    #[error("the system gives no randomness for a signing key")]
    NoRandomness(#[from] getrandom::Error),
}

/// Signs checkpoints. Kept outside the database.
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("SigningKey").field(&self.public).finish()
    }
}

impl SigningKey {
    /// A key in PKCS#8 PEM.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map_err(|error| KeyError::NotPrivate(error.to_string()))?;
        Ok(Self { public: PublicKey::new(KEY_NAME, key.verifying_key()), key })
    }

    /// The key of a file that only we can read; made when there is none.
    ///
    /// # Errors
    /// When the file cannot be used or holds something else.
    pub fn load_or_create(file: &Path) -> Result<Self, KeyError> {
        if let Some(pem) = private_file::read(file)? {
            return Self::from_pem(&pem);
        }
        let pem = Self::new_pem()?;
        private_file::write(file, &pem)?;
        Self::from_pem(&pem)
    }

    /// A new key in PKCS#8 PEM.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new_pem() -> Result<String, KeyError> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed)?;
        let pem = ed25519_dalek::SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF);
        pem.map(|pem| pem.to_string()).map_err(|error| KeyError::NotPrivate(error.to_string()))
    }

    /// What others verify with.
    pub fn public(&self) -> PublicKey {
        self.public.clone()
    }

    /// The text, which ends its last line, with our signature.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.key.sign(text.as_bytes()).to_bytes();
        let signed = [self.public.id.as_slice(), &signature].concat();
        format!("{text}\n{SIGNATURE_BEGINS}{} {}\n", self.public.name, STANDARD.encode(signed))
    }
}

/// Verifies notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl PublicKey {
    fn new(name: &str, key: VerifyingKey) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(name);
        hasher.update([b'\n', ED25519]);
        hasher.update(key.as_bytes());
        let hash = hasher.finalize();
        Self { name: name.to_owned(), id: [hash[0], hash[1], hash[2], hash[3]], key }
    }
}

/// As signed notes write it.
impl std::fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = u32::from_be_bytes(self.id);
        let key = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(formatter, "{}+{id:08x}+{}", self.name, STANDARD.encode(key))
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wrong = || KeyError::NotPublic(text.to_owned());
        let [name, _, key] = text.splitn(3, '+').collect::<Vec<_>>()[..] else { return Err(wrong()) };
        let bytes = STANDARD.decode(key).map_err(|_| wrong())?;
        let Some((&ED25519, key)) = bytes.split_first() else { return Err(wrong()) };
        let key: [u8; 32] = key.try_into().map_err(|_| wrong())?;
        let key = Self::new(name, VerifyingKey::from_bytes(&key).map_err(|_| wrong())?);
        // The digits in the middle are a check on the rest.
        if key.to_string() == text { Ok(key) } else { Err(wrong()) }
    }
}

/// What is wrong with a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoteError {
    /// It is no signed note.
    Malformed,
    /// No key that is trusted signed it.
    KeyUnknown,
    /// The text is not what was signed.
    SignatureWrong,
}

/// The text of a note that one of these keys signed.
pub(super) fn open<'n>(note: &'n str, trusted: &[PublicKey]) -> Result<&'n str, NoteError> {
    let (body, signature) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
    let text = note.get(..=body.len()).ok_or(NoteError::Malformed)?;
    let line = signature.strip_prefix(SIGNATURE_BEGINS).and_then(|line| line.strip_suffix('\n')).ok_or(NoteError::Malformed)?;
    let (name, encoded) = line.split_once(' ').ok_or(NoteError::Malformed)?;
    let signed = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
    let (id, signature) = signed.split_at_checked(4).ok_or(NoteError::Malformed)?;
    let signature = Signature::from_slice(signature).map_err(|_| NoteError::Malformed)?;
    let key = trusted.iter().find(|key| key.name == name && key.id == id).ok_or(NoteError::KeyUnknown)?;
    key.key.verify_strict(text.as_bytes(), &signature).map_err(|_| NoteError::SignatureWrong)?;
    Ok(text)
}

/// Whether a line is the end of a note.
pub(super) fn is_signature(line: &[u8]) -> bool {
    line.starts_with(SIGNATURE_BEGINS.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> SigningKey {
        SigningKey::from_pem(&SigningKey::new_pem().unwrap()).unwrap()
    }

    #[test]
    fn a_note_opens_with_the_key_that_signed_it_alone() {
        let (ours, other) = (key(), key());
        let note = ours.sign("a\nb\n");
        assert_eq!(open(&note, &[other.public(), ours.public()]), Ok("a\nb\n"));
        assert_eq!(open(&note, &[other.public()]), Err(NoteError::KeyUnknown));
        let forged = note.replacen('b', "c", 1);
        assert_eq!(open(&forged, &[ours.public()]), Err(NoteError::SignatureWrong));
        assert_eq!(open("a\nb\n", &[ours.public()]), Err(NoteError::Malformed));
    }

    #[test]
    fn a_signature_made_by_another_under_our_name_is_wrong() {
        let (ours, other) = (key(), key());
        let mut impostor = SigningKey::from_pem(&other.key.to_pkcs8_pem(LineEnding::LF).unwrap()).unwrap();
        impostor.public = ours.public();
        assert_eq!(open(&impostor.sign("a\n"), &[ours.public()]), Err(NoteError::SignatureWrong));
    }

    /// The reference example of Go's package `note`, where the format comes from: what other tools sign, we read.
    #[test]
    fn the_example_of_the_specification_is_read() {
        let key: PublicKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let note = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
                    \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        assert!(open(note, &[key]).unwrap().starts_with("If you think"));
    }

    #[test]
    fn a_public_key_survives_its_text_and_a_slip_in_it_is_refused() {
        let text = key().public().to_string();
        assert_eq!(text.parse::<PublicKey>().unwrap().to_string(), text);
        for wrong in [text.replacen("audit", "audlt", 1), text[..text.len() - 8].to_owned(), String::new()] {
            assert!(wrong.parse::<PublicKey>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit/key.pem");
        let made = SigningKey::load_or_create(&file).unwrap().public();
        assert_eq!(SigningKey::load_or_create(&file).unwrap().public(), made);
        private_file::write(&file, "hello").unwrap();
        assert!(SigningKey::load_or_create(&file).unwrap_err().to_string().contains("openssl genpkey"));
    }
}
