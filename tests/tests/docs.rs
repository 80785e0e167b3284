//! The tables in the documentation are written from the code: this test fails when they differ, and writes them when
//! `FAILSOFT_WRITE_DOCS` is set.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use failsoft::policy::FailureTable;
use failsoft::{FailureKind, Policy};

#[test]
fn the_table_of_failures() {
    let table = FailureTable::default();
    let mut out = String::from("| kind | same route again | client made again | next route | charged to | rests |\n|---|---|---|---|---|---|\n");
    for kind in FailureKind::ALL {
        let rule = table.rule(*kind);
        let rest = match (rule.cool.name(), rule.cool_base.as_secs(), rule.cool_cap.as_secs()) {
            (name, 0, _) => name.to_string(),
            (name, base, cap) => format!("{name}: stated, else {base} s doubling to {cap} s"),
        };
        let charge = if rule.proves_alive { "no, proves it alive" } else { rule.charge.name() };
        let (again, rebuild, next) = (rule.again, rule.rebuild, rule.next);
        let _ = writeln!(out, "| `{kind}` | {again} | {rebuild} | {next} | {charge} | {rest} |");
    }
    check("docs/design.md", "failures", &out);
}

#[test]
fn the_fields_of_a_policy() {
    let mut out = String::from("| field | default | may be |\n|---|---|---|\n");
    let fields = Policy::default().list();
    for field in fields.iter().filter(|field| !field.path.starts_with("failures.")) {
        let value = if field.value.is_empty() { "none" } else { &field.value };
        let _ = writeln!(out, "| `{}` | {value} | {} |", field.path, field.allowed);
    }
    let _ = writeln!(out, "| `failures.KIND.FIELD` | the table above | its fields: `again`, `rebuild`, `next`, `charge`, `cool`, `cool_base`, `cool_cap`, `proves_alive` |");
    check("docs/design.md", "policy", &out);
}

/// Compares what stands between `<!-- name -->` and `<!-- end -->`.
fn check(file: &str, name: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let text = fs::read_to_string(&path).unwrap();
    let marker = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&marker).unwrap_or_else(|| panic!("{file} has no {marker}"));
    let (found, after) = rest.split_once("<!-- end -->").unwrap();
    if env::var_os("FAILSOFT_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{before}{marker}{wanted}<!-- end -->{after}")).unwrap();
        return;
    }
    assert_eq!(found, wanted, "{file}: run `FAILSOFT_WRITE_DOCS=1 cargo test -p failsoft-tests --test docs`");
}
