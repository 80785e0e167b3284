//! `failsoft-bind <module.wasm> <folder>`: leaves `failsoft.js` and `failsoft_bg.wasm` there.

use std::env;

use anyhow::{Context, Result, bail};
use walrus::ir::{Instr, InstrLocId, Unreachable};
use walrus::{FunctionKind, Module};
use wasm_bindgen_cli_support::Bindgen;

/// Where the standard library ends what cannot go on, by parts of mangled names.
const PANICS: [&str; 12] = [
    "4core9panicking",
    "4core6option13expect_failed",
    "4core6option13unwrap_failed",
    "4core6result13unwrap_failed",
    "4core3str16slice_error_fail",
    "5slice5index16slice_index_fail",
    "4core4cell22panic_already_borrowed",
    "4core4cell30panic_already_mutably_borrowed",
    "5alloc7raw_vec12handle_error",
    "5alloc7raw_vec17capacity_overflow",
    "5alloc5alloc18handle_alloc_error",
    "3std9panicking",
];

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let module = args.next().context("name the compiled module")?;
    let folder = args.next().context("name the folder to write to")?;
    let mut output = Bindgen::new()
        .input_path(module)
        .out_name("failsoft")
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .demangle(false)
        .remove_producers_section(true)
        .generate_output()?;
    if trap(output.wasm_mut()) == 0 {
        bail!("no function of the module panics: does the standard library call them otherwise by now?");
    }
    output.emit(folder)
}

/// Lets what panics do nothing but trap, which it does in any case: nobody reads the message that it writes before that. How many
/// functions these were.
fn trap(module: &mut Module) -> usize {
    let mut trapped = 0;
    for function in module.funcs.iter_mut() {
        let panics = function.name.as_ref().is_some_and(|name| PANICS.iter().any(|part| name.contains(part)));
        if let (true, FunctionKind::Local(body)) = (panics, &mut function.kind) {
            body.block_mut(body.entry_block()).instrs =
                vec![(Instr::Unreachable(Unreachable {}), InstrLocId::default())];
            trapped += 1;
        }
    }
    trapped
}
