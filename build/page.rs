//! A page of the client as it is served: its files by the path that has the client's hash, and all of them named at once, so
//! that a browser need not read one to learn of the next.

use std::collections::BTreeSet;

use crate::graph::Graph;

/// Where in a page the names of files stand. They are whole paths, so that the same page works from a folder.
const NAMED: [&str; 2] = [" href=\"/", " src=\"/"];

/// What begins a part of a page that a browser does not load by itself: its scripts do when the rest works.
const LATER: &str = "<template id=\"later\">";

/// Kinds of files that a page names and does not need.
const BESIDE: [&str; 2] = ["rel=\"manifest\"", "rel=\"apple-touch-icon\""];

/// The languages: a page fetches the one that its reader speaks.
const CHOSEN: &str = "js/words/";

const MODULE: &str = "<script type=\"module\"";

/// What a page needs, by the names of the files.
#[derive(Debug, PartialEq, Eq)]
pub struct Needs {
    /// Before anything of it works.
    pub first: Vec<String>,
    /// For the rest.
    pub later: Vec<String>,
}

/// Which files this page names itself, in their order: those outside of the part for later, and those inside.
fn named(html: &str) -> (Vec<String>, Vec<String>) {
    let (before, rest) = html.split_once(LATER).unwrap_or((html, ""));
    let (inside, after) = rest.split_once("</template>").unwrap_or((rest, ""));
    let names = |text: &str| -> Vec<String> {
        // What makes a page one that can be installed, browsers fetch when they want it, and nothing waits for it.
        let waits = |tag: &str| tag.starts_with("link ") && !BESIDE.iter().any(|kind| tag.contains(kind));
        let tags = text.split('<').filter(|tag| waits(tag) || tag.starts_with("script "));
        tags.filter_map(|tag| {
            let (_, name) = NAMED.iter().find_map(|start| tag.split_once(start))?;
            name.split('"').next().map(str::to_owned)
        })
        .collect()
    };
    let mut outside = names(before);
    outside.extend(names(after));
    (outside, names(inside))
}

impl Needs {
    /// What this page needs. An error names a file that is not there.
    pub fn of(html: &str, graph: &Graph, files: &BTreeSet<&str>) -> Result<Self, String> {
        let (outside, inside) = named(html);
        if let Some(missing) = outside.iter().chain(&inside).find(|name| !files.contains(name.as_str())) {
            return Err(format!("a page names {missing}, which is not there"));
        }
        let (scripts, mut first): (Vec<String>, Vec<String>) =
            outside.into_iter().partition(|name| is_module(name));
        // Who asks first has what it needs first.
        for script in &scripts {
            let needed = graph.before(std::slice::from_ref(script));
            let new: Vec<String> = needed.into_iter().filter(|name| !first.contains(name)).collect();
            first.extend(new);
        }
        let mut later = inside;
        later.extend(graph.after(&scripts).into_iter().filter(|name| !name.starts_with(CHOSEN)));
        Ok(Self { first, later })
    }
}

/// Whether a file is one of the client's modules.
pub fn is_module(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "js")
}

/// What has a browser fetch these modules.
fn preloads(names: &[String], priority: &str, base: &str) -> String {
    let modules = names.iter().filter(|name| is_module(name));
    modules.fold(String::new(), |links, name| {
        links + "<link rel=\"modulepreload\"" + priority + " href=\"" + base + name + "\" />\n    "
    })
}

/// The page, with its files below `base`, which ends with a slash.
pub fn page(html: &str, needs: &Needs, base: &str) -> String {
    let mut page = html.to_owned();
    for start in NAMED {
        for folder in ["css/", "js/", "favicon.svg"] {
            let name = format!("{start}{folder}");
            page = page.replace(&name, &name.replacen('/', base, 1));
        }
    }
    let first = preloads(&needs.first, "", base);
    page = page.replacen(MODULE, &format!("{first}{MODULE}"), 1);
    let later = preloads(&needs.later, " fetchpriority=\"low\"", base);
    page.replacen(LATER, &format!("{LATER}\n    {}", later.trim_end()), 1)
}
