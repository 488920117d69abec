//! JSON from clients, read once: what is wrong is named by its field, and little of it is quoted.

mod brief;

use serde::de::Deserialize;
use serde_json::de::Read;
use serde_json::error::Category;

use brief::Brief;

/// Reads a value. Fields that it does not have are skipped unread.
///
/// # Errors
/// For people: what is wrong, and where (`tiles[3].peer: ...`). Finding that out costs nothing beyond the reading.
pub(crate) fn read<'a, T: Deserialize<'a>, R: Read<'a>>(text: R) -> Result<T, String> {
    let mut json = serde_json::Deserializer::new(text);
    let value = serde_path_to_error::deserialize(Brief(&mut json)).map_err(|error| {
        let path = error.path().to_string();
        complaint(&path, &error.into_inner())
    })?;
    json.end().map_err(|error| complaint(".", &error))?;
    Ok(value)
}

/// Says what is wrong with the value at `path`, which is `.` for the whole.
fn complaint(path: &str, error: &serde_json::Error) -> String {
    if error.classify() != Category::Data {
        return format!("not JSON: {error}");
    }
    let text = error.to_string();
    // The place in the text says less than the path.
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if path == "." { text.to_owned() } else { format!("{path}: {text}") }
}
