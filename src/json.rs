//! JSON from clients, read once: what is wrong is named by its field, and little of it is quoted.

mod brief;

use serde::de::Deserialize;
use serde_json::de::Read;
use serde_json::error::Category;
use thiserror::Error;

use brief::Brief;

/// The path of the whole.
const WHOLE: &str = ".";

/// Why a text is not the value that was wanted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum ReadError {
    /// It is no JSON: says where.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The whole is of another form.
    #[error("{0}")]
    Whole(String),
    /// A value in it is of another form.
    #[error("{path}: {why}")]
    Value {
        /// Which one (`tiles[3].peer`).
        path: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a value. Fields that it does not have are skipped unread.
///
/// # Errors
/// [`ReadError`] says what is wrong, and where. Finding that out costs nothing beyond the reading.
pub(crate) fn read<'a, T: Deserialize<'a>, R: Read<'a>>(text: R) -> Result<T, ReadError> {
    let mut json = serde_json::Deserializer::new(text);
    let value = serde_path_to_error::deserialize(Brief(&mut json)).map_err(|error| {
        let path = error.path().to_string();
        complaint(path, &error.into_inner())
    })?;
    json.end().map_err(|error| complaint(WHOLE.to_owned(), &error))?;
    Ok(value)
}

/// Says what is wrong with the value at `path`.
fn complaint(path: String, error: &serde_json::Error) -> ReadError {
    if error.classify() != Category::Data {
        return ReadError::NotJson(error.to_string());
    }
    let text = error.to_string();
    // The place in the text says less than the path.
    let why = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text).to_owned();
    if path == WHOLE { ReadError::Whole(why) } else { ReadError::Value { path, why } }
}
