//! A place for checkpoints beside the file, as a topic is.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use schildwacht_storage::audit::{Anchor, AnchorError};

/// Can be unavailable, or never answer who reads.
#[derive(Default)]
pub struct Elsewhere {
    pub notes: Mutex<Vec<String>>,
    pub is_unavailable: AtomicBool,
    pub never_answers: AtomicBool,
}

#[async_trait]
impl Anchor for Elsewhere {
    fn place(&self) -> String {
        "elsewhere".to_owned()
    }

    async fn keep(&self, note: &str) -> Result<(), AnchorError> {
        if self.is_unavailable.load(Ordering::Relaxed) {
            return Err(AnchorError::new("elsewhere", "unavailable"));
        }
        self.notes.lock().unwrap().push(note.to_owned());
        Ok(())
    }

    async fn read(&self, each: &mut (dyn for<'n> FnMut(&'n str) + Send)) -> Result<(), AnchorError> {
        if self.never_answers.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.notes.lock().unwrap().iter().for_each(|note| each(note));
        Ok(())
    }
}
