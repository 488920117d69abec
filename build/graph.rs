//! Which module of the client needs which: what a page has to load before anything of it works, and what it loads later.

use std::collections::{BTreeMap, BTreeSet};

/// What one module names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Imports {
    /// It does not run without these.
    pub fixed: Vec<String>,
    /// It asks for these when it runs.
    pub later: Vec<String>,
}

/// The modules of the client, each with what it names.
#[derive(Debug, Default)]
pub struct Graph(BTreeMap<String, Imports>);

impl Graph {
    /// The graph of these files, by their names. An error names a module that is not there.
    pub fn of<'a>(files: impl Iterator<Item = (&'a str, &'a str)> + Clone) -> Result<Self, String> {
        let names: BTreeSet<&str> = files.clone().map(|(name, _)| name).collect();
        let mut graph = BTreeMap::new();
        for (name, text) in files {
            let read = imports(text);
            let resolve = |paths: Vec<String>| -> Result<Vec<String>, String> {
                let resolved = paths.iter().map(|path| {
                    resolved(name, path)
                        .filter(|found| names.contains(found.as_str()))
                        .ok_or_else(|| format!("{name} imports {path}, which is not there"))
                });
                resolved.collect()
            };
            graph.insert(
                name.to_owned(),
                Imports { fixed: resolve(read.fixed)?, later: resolve(read.later)? },
            );
        }
        Ok(Self(graph))
    }

    /// What has to be there before these run, they themselves first, and what they import before what that imports.
    pub fn before(&self, entries: &[String]) -> Vec<String> {
        self.reach(entries, |imports| imports.fixed.iter().collect())
    }

    /// What these ask for while they run, with all that it needs in turn and asks for.
    pub fn after(&self, entries: &[String]) -> Vec<String> {
        let before = self.before(entries);
        let all = self.reach(&before, |imports| imports.fixed.iter().chain(&imports.later).collect());
        all.into_iter().filter(|name| !before.contains(name)).collect()
    }

    fn reach<'a>(&'a self, entries: &[String], next: impl Fn(&'a Imports) -> Vec<&'a String>) -> Vec<String> {
        let mut reached: Vec<String> = Vec::new();
        let mut layer: Vec<String> = entries.to_vec();
        while !layer.is_empty() {
            let mut below = Vec::new();
            for name in layer {
                if !reached.contains(&name) {
                    below.extend(self.0.get(&name).map(&next).unwrap_or_default().into_iter().cloned());
                    reached.push(name);
                }
            }
            layer = below;
        }
        reached
    }
}

/// What a module names in its statements and calls of `import`, and in `export … from`.
pub fn imports(text: &str) -> Imports {
    let mut found = Imports::default();
    let mut pieces = pieces(text).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let (Piece::Code(code), Some(Piece::Text(path))) = (&piece, pieces.peek()) else { continue };
        let before = code.trim_end();
        if before.ends_with("import(") {
            found.later.push(path.clone());
        } else if ends_with_word(before, "import") || ends_with_word(before, "from") {
            found.fixed.push(path.clone());
        }
    }
    found
}

fn ends_with_word(code: &str, word: &str) -> bool {
    code.strip_suffix(word).is_some_and(|rest| {
        !rest.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.')
    })
}

/// A module, cut at its strings, without its comments.
#[derive(Debug)]
enum Piece {
    Code(String),
    Text(String),
}

/// A string ends with its line at the latest, so that a quotation mark in a regular expression does no harm beyond it.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut code = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('/', Some('/')) => while letters.next_if(|letter| *letter != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut last = ' ';
                letters.next();
                for letter in letters.by_ref() {
                    if (last, letter) == ('*', '/') {
                        break;
                    }
                    last = letter;
                }
            }
            ('\'' | '"' | '`', _) => {
                let mut string = String::new();
                while let Some(next) = letters.next() {
                    if next == letter || (next == '\n' && letter != '`') {
                        break;
                    }
                    string.push(next);
                    if next == '\\' {
                        string.extend(letters.next());
                    }
                }
                pieces.push(Piece::Code(std::mem::take(&mut code)));
                pieces.push(Piece::Text(string));
            }
            _ => code.push(letter),
        }
    }
    pieces.push(Piece::Code(code));
    pieces
}

/// What a path means in the module `from`. Modules name each other by relative paths only.
fn resolved(from: &str, path: &str) -> Option<String> {
    if !path.starts_with("./") && !path.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
