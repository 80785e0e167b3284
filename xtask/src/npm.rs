//! The JavaScript package: built for wasm, bound, made small, put together in `target/npm/failsoft`, packed into `target/dist/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use crate::cargo::{self, cargo};
use crate::files;
use crate::node::{Kind, Node, npm, packages};
use crate::places::Places;
use crate::process::Step;
use crate::stamp::{self, Digest};

/// What the package is made of; a change in any of these builds it again.
const INPUTS: [&str; 17] = [
    ".cargo/config.toml",
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "core/Cargo.toml",
    "core/src",
    "bindings-wasm/Cargo.toml",
    "bindings-wasm/src",
    "bindings-wasm/bind",
    "bindings-wasm/js",
    "bindings-wasm/package.json",
    "bindings-wasm/README.md",
    "xtask/js/assemble.mjs",
    "xtask/js/tools",
    "docs/policy.schema.json",
];

/// What Node 20 and the promised browsers have, and nothing newer.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
];

/// Three times over: the second time with its blocks put together anew, the third with functions joined that differ in a constant
/// alone. The first kilobyte of memory is the far end of the stack.
const SMALL: [&str; 8] =
    ["-Oz", "--flatten", "--rereloop", "-Oz", "--converge", "--low-memory-unused", "--merge-similar-functions", "-Oz"];

/// The names are kept beside what is published: by them `cargo xtask size` tells whose the code is.
const STRIP: [&str; 3] = ["--strip-debug", "--strip-producers", "--strip-target-features"];
const NAMED: &str = "named.wasm";

const COMPRESS: &str = "const file = require('node:fs').readFileSync(process.argv[1]);
const zlib = require('node:zlib');
console.log(file.length, zlib.gzipSync(file, { level: 9 }).length, zlib.brotliCompressSync(file).length);";

/// A built package.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// What is in the tarball, as files.
    pub(crate) folder: PathBuf,
    /// What would be published.
    pub(crate) tarball: PathBuf,
}

impl Package {
    /// Builds it if anything in it has changed.
    pub(crate) fn ready(places: &Places) -> Result<Self> {
        let mut digest = Digest::default();
        for input in INPUTS {
            digest = digest.path(&places.root.join(input))?;
        }
        for types in files::matching(&places.root.join("bindings-wasm"), "", ".d.ts")? {
            digest = digest.path(&types)?;
        }
        let digest = digest.text();
        let name = concat!("failsoft-", env!("CARGO_PKG_VERSION"), ".tgz");
        let package = Self { folder: places.target.join("npm").join("failsoft"), tarball: places.dist().join(name) };
        let stamp = places.target.join("npm").join("failsoft.done");
        if stamp::is_done(&stamp, &digest) && package.tarball.is_file() && package.folder.is_dir() {
            return Ok(package);
        }
        // What is half put together is not done, whatever was there before.
        drop(fs::remove_file(&stamp));
        let built = module(places)?;
        let script = places.root.join("xtask").join("js").join("assemble.mjs");
        node("put the npm package together")
            .arg(script)
            .arg(&built)
            .arg(&package.folder)
            .arg(packages(places, "tools", true)?)
            .quiet(places)?;
        package.pack(places)?;
        stamp::done(&stamp, &digest)?;
        Ok(package)
    }

    /// An environment with this package in it.
    pub(crate) fn installed(&self, places: &Places, kind: &Kind) -> Result<Node> {
        let node = Node::ready(places, kind)?;
        node.link(places, &self.folder)?;
        Ok(node)
    }

    /// The module as it is stored.
    pub(crate) fn module(&self) -> PathBuf {
        self.folder.join("failsoft.wasm")
    }

    /// The same module with the names of its functions.
    pub(crate) fn named(places: &Places) -> PathBuf {
        places.target.join("wasm").join("bound").join(NAMED)
    }

    /// How large it is as it stands, and on its way to a browser: gzip at its best, and brotli.
    pub(crate) fn sizes(&self, places: &Places) -> Result<[u64; 3]> {
        let said = node("compress the module").args(["-e", COMPRESS]).arg(self.module()).quiet(places)?;
        let numbers = said.text.lines().last().unwrap_or_default().split(' ').map(str::parse);
        let numbers: Vec<u64> =
            numbers.collect::<Result<_, _>>().with_context(|| format!("no sizes: {}", said.text))?;
        numbers.try_into().map_err(|_| anyhow!("no three sizes: {}", said.text))
    }

    /// Packs the folder. What it holds and the tarball does not would be tested and then be missing.
    fn pack(&self, places: &Places) -> Result<()> {
        files::clear(&places.dist(), "failsoft-", ".tgz")?;
        let pack = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination"];
        let said = npm("pack the npm package").args(pack).arg(places.dist()).arg(&self.folder).quiet(places)?;
        for file in files::below(&self.folder)? {
            let path = file.strip_prefix(&self.folder)?.display().to_string().replace('\\', "/");
            if !said.text.contains(&format!("\"path\": \"{path}\"")) {
                bail!("{path} is not in the tarball: name it under `files` in bindings-wasm/package.json");
            }
        }
        if !self.tarball.is_file() {
            bail!(
                "npm left no {}: is the version in bindings-wasm/package.json that of Cargo.toml?",
                self.tarball.display()
            );
        }
        Ok(())
    }
}

/// The folder with `failsoft.js` and `failsoft.wasm`. Its cargo output has folders of its own: the profile and the tool
/// that binds share nothing with the other builds.
fn module(places: &Places) -> Result<PathBuf> {
    cargo::have_wasm(places)?;
    let target = places.target.join("wasm");
    cargo("build the module")
        .args(["build", "--package", "failsoft-wasm", "--profile", "wasm", "--target", cargo::WASM])
        .args(["--config", &without_home()?])
        .env("CARGO_TARGET_DIR", &target)
        .quiet(places)?;
    let (compiled, bound) = (target.join(cargo::WASM).join("wasm").join("failsoft_wasm.wasm"), target.join("bound"));
    cargo("bind the module")
        .args(["run", "--package", "failsoft-bind", "--"])
        .args([&compiled, &bound])
        .env("CARGO_TARGET_DIR", places.target.join("tools"))
        .quiet(places)?;
    let named = bound.join(NAMED);
    optimize(
        places,
        "make the module small",
        &bound.join("failsoft_bg.wasm"),
        &[&SMALL[..], &["-g"]].concat(),
        &named,
    )?;
    optimize(places, "strip the module", &named, &STRIP, &bound.join("failsoft.wasm"))?;
    Ok(bound)
}

/// The folder of cargo by another name: the module holds names of source files, and nothing of the machine that it was built on.
fn without_home() -> Result<String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let home = home.context("no folder of cargo: set CARGO_HOME")?;
    Ok(format!("target.{}.rustflags=['--remap-path-prefix={}=cargo']", cargo::WASM, home.display()))
}

fn optimize(places: &Places, name: &str, from: &Path, how: &[&str], to: &Path) -> Result<()> {
    let tools = packages(places, "tools", true)?;
    let wasm_opt = ["node_modules", "binaryen", "bin", "wasm-opt"].iter().fold(tools, |path, part| path.join(part));
    node(name).arg(wasm_opt).args(how).args(FEATURES).arg(from).arg("-o").arg(to).quiet(places).map(drop)
}

/// Whatever Node there is: the one that npm runs on.
fn node(name: &str) -> Step {
    Step::new(name, "node")
}
