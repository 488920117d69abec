//! What operators put into Prometheus and Grafana asks for numbers that are told.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::metrics::{scrape, telling};

fn read(name: &str) -> String {
    fs::read_to_string(format!("{}/docs/operations/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The names of ours in an expression.
fn names(expression: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = expression.split(|c: char| !is_part(c));
    words.filter(|word| word.starts_with("plenary_")).collect()
}

/// Every expression of a dashboard.
fn expressions(of: &Value, into: &mut Vec<String>) {
    match of {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value.as_str() {
            Some(text) if name == "expr" || name == "query" => into.push(text.to_owned()),
            _ => expressions(value, into),
        }),
        Value::Array(values) => values.iter().for_each(|value| expressions(value, into)),
        _ => {}
    }
}

#[test]
fn every_name_in_the_dashboard_and_in_the_rules_is_told() {
    let (_process, address, _folder) = telling(&[]);
    let families = scrape(address);
    let told: BTreeSet<String> = families
        .iter()
        .flat_map(|(name, family)| match family.kind.as_str() {
            "counter" => vec![format!("{name}_total")],
            "histogram" => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
            _ => vec![name.clone()],
        })
        .collect();
    let mut asked = Vec::new();
    expressions(&serde_json::from_str(&read("dashboard.json")).unwrap(), &mut asked);
    assert!(asked.len() > 40, "the dashboard is read rightly: {asked:?}");
    let rules = read("alerts.yml");
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert!(
        alerts.len() >= 10 && rules.matches("- alert: ").count() == alerts.len(),
        "so are the rules: {alerts:?}"
    );
    asked.extend(alerts.into_iter().map(str::to_owned));
    let mut unknown: Vec<String> = Vec::new();
    for expression in &asked {
        unknown.extend(names(expression).into_iter().filter(|name| !told.contains(*name)).map(str::to_owned));
    }
    assert!(unknown.is_empty(), "nobody tells {unknown:?}");
}
