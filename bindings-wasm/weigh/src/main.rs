//! `failsoft-weigh <module.wasm>`: a line for each part of a module that still has its names, the largest first: bytes, a tab, the name.
//!
//! The code of this project is told apart by folders, that of other crates by crate.

use std::collections::BTreeMap;
use std::{env, fs};

use anyhow::{Context, Result};
use wasmparser::{KnownCustom, Name, Parser, Payload};

fn main() -> Result<()> {
    let path = env::args().nth(1).context("name the module")?;
    let module = fs::read(&path).with_context(|| format!("cannot read {path}"))?;
    let mut parts: Vec<(String, u64)> = weigh(&module)?.into_iter().collect();
    parts.sort_by(|(one, left), (other, right)| right.cmp(left).then_with(|| one.cmp(other)));
    parts.iter().for_each(|(name, bytes)| println!("{bytes}\t{name}"));
    Ok(())
}

/// The bytes of each part: functions by whose they are, everything else by its section.
fn weigh(module: &[u8]) -> Result<BTreeMap<String, u64>> {
    let (mut parts, mut names) = (BTreeMap::new(), BTreeMap::new());
    let (mut imported, mut bodies) = (0, Vec::new());
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                imported = imports.into_imports().filter(is_function).count();
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().end - body.range().start),
            Payload::DataSection(data) => {
                *parts.entry("(data)".to_owned()).or_default() += data.range().end - data.range().start
            }
            Payload::CustomSection(section) => {
                if let KnownCustom::Name(section) = section.as_known() {
                    for name in section {
                        if let Name::Function(functions) = name? {
                            for named in functions {
                                let named = named?;
                                names.insert(named.index as usize, named.name);
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (at, bytes) in bodies.iter().enumerate() {
        let name = names.get(&(at + imported)).copied().unwrap_or_default();
        *parts.entry(group(&format!("{:#}", rustc_demangle::demangle(name)))).or_default() += bytes;
    }
    let known: u64 = parts.values().sum();
    let unnamed: u64 = names.values().map(|name| name.len() as u64 + 5).sum();
    parts.insert("(other sections)".to_owned(), (module.len() as u64).saturating_sub(known + unnamed));
    Ok(parts)
}

fn is_function(import: &wasmparser::Result<wasmparser::Import<'_>>) -> bool {
    matches!(
        import,
        Ok(wasmparser::Import { ty: wasmparser::TypeRef::Func(_) | wasmparser::TypeRef::FuncExact(_), .. })
    )
}

/// Whose a function is: the path of its type or module, as far as it is told apart.
fn group(name: &str) -> String {
    // `<A as B>::f` belongs to A, and to B where A is no type of anybody's, such as a number.
    let mut paths = name.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | ':')));
    let path = paths.find(|path| path.trim_matches(':').contains("::")).unwrap_or("(other functions)");
    let is_module = |step: &&str| !step.starts_with(char::is_uppercase);
    let steps: Vec<&str> = path.split("::").filter(|step| !step.is_empty()).take_while(is_module).collect();
    let told = match steps.first() {
        Some(&"failsoft") => 3,
        Some(&"failsoft_wasm") => 2,
        _ => 1,
    };
    steps.get(..told).unwrap_or(&steps).join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_belongs_to_the_module_of_its_type() {
        for (name, whose) in [
            ("<failsoft::machine::call::Call>::poll", "failsoft::machine::call"),
            ("failsoft::machine::call::quick::enter", "failsoft::machine::call"),
            ("<failsoft::machine::call::Call as failsoft::data::stored::Stored>::stored", "failsoft::machine::call"),
            ("<u64 as core::fmt::Display>::fmt", "core"),
            ("<&mut failsoft::policy::Policy>::check", "failsoft::policy"),
            ("failsoft_wasm::turn::poll", "failsoft_wasm::turn"),
            ("<alloc::string::String>::with_capacity", "alloc"),
            ("memcpy", "(other functions)"),
            ("", "(other functions)"),
        ] {
            assert_eq!(group(name), whose, "{name}");
        }
    }

    #[test]
    fn every_byte_belongs_somewhere() -> Result<()> {
        // One import, one function of two bytes, a name for it.
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x07\x01\x01a\x01b\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b\0\x12\x04name\x01\x0b\x01\x01\x08core::fx";
        let parts = weigh(module)?;
        assert_eq!(parts.get("core"), Some(&2), "{parts:?}");
        Ok(())
    }
}
