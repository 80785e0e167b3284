//! `failsoft-bind <module.wasm> <folder>`: leaves `failsoft.js` and `failsoft_bg.wasm` there.

use std::env;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let mut args = env::args().skip(1);
    let module = args.next().context("name the compiled module")?;
    let folder = args.next().context("name the folder to write to")?;
    Bindgen::new()
        .input_path(module)
        .out_name("failsoft")
        .web(true)?
        .omit_default_module_path(true)
        .typescript(false)
        .demangle(false)
        .remove_producers_section(true)
        .generate(folder)
}
