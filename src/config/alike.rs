//! What somebody probably meant who wrote a name that there is not.

/// Names at least this alike are suggested (1 is the same).
const ALIKE: f64 = 0.8;

/// The name that is most like `wanted`, if one is like it.
pub(super) fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let alike = names.map(|name| (strsim::jaro_winkler(name, wanted), name));
    let most = alike.max_by(|(one, _), (other, _)| one.total_cmp(other));
    most.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, name)| name)
}
