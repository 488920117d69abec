//! What the build reads out of the client and writes into its pages.

#![cfg(test)]

#[path = "../build/graph.rs"]
mod graph;
#[path = "../build/page.rs"]
mod page;

use std::collections::BTreeSet;

use graph::{Graph, imports};
use page::{Needs, page as written};

#[test]
fn imports_are_read_wherever_they_stand_and_comments_are_none() {
    let read = imports(
        "/** @import { A } from './types.js' */\n// import './no.js';\nimport './side.js';\n\
         import { b,\n  c } from \"./b.js\";\nimport d from './d.js';\nexport { e } from '../e.js';\n\
         const far = /** @type {import('./t.js').T} */ (await import('./late.js'));\n\
         const url = 'https://x/*'; const s = \"from './s.js'\"; const q = /['\"]/;\n\
         console.log(`import './template.js'`, Array.from('abc'), metafrom ('./x.js'));\n\
         const again = () => import(\n  './later.js'\n);\n",
    );
    assert_eq!(read.fixed, ["./side.js", "./b.js", "./d.js", "../e.js"]);
    assert_eq!(read.later, ["./late.js", "./later.js"]);
}

const FILES: [(&str, &str); 6] = [
    ("js/a.js", "import './b.js';\nimport './sub/c.js';\nconst d = () => import('./d.js');\n"),
    ("js/b.js", "import './sub/c.js';\n"),
    ("js/d.js", "import './b.js';\nimport './sub/e.js';\n"),
    ("js/early.js", "import './sub/e.js';\n"),
    ("js/sub/c.js", "export const c = 1;\n"),
    ("js/sub/e.js", "import('../sub/c.js');\n"),
];

#[test]
fn what_runs_later_is_told_from_what_runs_first() {
    let graph = Graph::of(FILES.into_iter()).unwrap();
    assert_eq!(graph.before(&["js/a.js".to_owned()]), ["js/a.js", "js/b.js", "js/sub/c.js"]);
    assert_eq!(graph.after(&["js/a.js".to_owned()]), ["js/d.js", "js/sub/e.js"]);
}

#[test]
fn an_import_of_nothing_ends_the_build() {
    for (name, text) in [
        ("js/a.js", "import './none.js';"),
        ("js/a.js", "const late = import('./none.js');"),
        ("js/a.js", "import 'bare';"),
        ("js/a.js", "import '/js/a.js';"),
        ("js/a.js", "import '../../a.js';"),
    ] {
        let error = Graph::of([(name, text)].into_iter()).unwrap_err();
        assert!(error.starts_with("js/a.js imports "), "{error}");
    }
}

const PAGE: &str = "<head>\n    <link rel=\"icon\" href=\"/favicon.svg\" />\n    \
    <link rel=\"stylesheet\" href=\"/css/a.css\" />\n    \
    <script type=\"module\" src=\"/js/early.js\" async></script>\n    \
    <script type=\"module\" src=\"/js/a.js\"></script>\n    \
    <template id=\"later\">\n      <link rel=\"stylesheet\" href=\"/css/b.css\" />\n    </template>\n  </head>\n  \
    <a href=\"/\">Home page</a> <a href=\"/r/js/\">a room</a>\n";

#[test]
fn a_page_names_what_it_needs_by_the_path_that_has_the_hash() {
    let graph = Graph::of(FILES.into_iter()).unwrap();
    let files: BTreeSet<&str> =
        FILES.iter().map(|(name, _)| *name).chain(["css/a.css", "css/b.css", "favicon.svg"]).collect();
    let needs = Needs::of(PAGE, &graph, &files).unwrap();
    let first =
        ["favicon.svg", "css/a.css", "js/early.js", "js/sub/e.js", "js/a.js", "js/b.js", "js/sub/c.js"];
    assert_eq!(needs.first, first, "who asks first has what it needs first");
    assert_eq!(needs.later, ["css/b.css", "js/d.js"]);
    let page = written(PAGE, &needs, "/v/1/");
    for name in first.iter().chain(&needs.later.iter().map(String::as_str).collect::<Vec<_>>()) {
        assert!(page.contains(&format!("=\"/v/1/{name}\"")), "{name}: {page}");
    }
    assert!(page.contains("<a href=\"/\">") && page.contains("<a href=\"/r/js/\">"), "{page}");
    let (before, later) = page.split_once("<template").unwrap();
    assert!(before.find("modulepreload") < before.find("<script"), "{page}");
    assert!(
        later.contains("<link rel=\"modulepreload\" fetchpriority=\"low\" href=\"/v/1/js/d.js\" />"),
        "{page}"
    );
    let without: BTreeSet<&str> = files.into_iter().filter(|name| *name != "css/b.css").collect();
    assert_eq!(Needs::of(PAGE, &graph, &without).unwrap_err(), "a page names css/b.css, which is not there");
}
