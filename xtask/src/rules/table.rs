//! The rules as the core holds them: small numbers over one list of words.
//!
//! Classes and phrases lie together, because they are asked for together: whether any rule knows a class, and which of all
//! phrases a text holds. Classes that only rules for the exception's own classes know come before the others.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// The conditions in the order in which they are asked: what is quickly told comes first.
const CONDITIONS: [&str; 8] = ["status", "phase", "provider", "code", "class", "header", "field", "phrase"];

/// The lists that say which class of a chain is the telling one.
const ROLES: [&str; 4] = ["WRAPPERS", "CONNECTING", "CERTIFICATES", "LOST"];

/// Words that lie together; equal runs of them are kept once.
#[derive(Default)]
struct Region(Vec<String>);

/// Where a run of words lies: in which region, from which word, how many.
#[derive(Clone, Copy)]
struct Run(Home, usize, usize);

#[derive(Clone, Copy, PartialEq)]
enum Home {
    Plain,
    OwnClasses,
    Classes,
    Phrases,
}

#[derive(Default)]
struct Words {
    plain: Region,
    own_classes: Region,
    classes: Region,
    phrases: Region,
}

impl Region {
    fn keep(&mut self, run: &[String]) -> usize {
        if let Some(at) = self.0.windows(run.len().max(1)).position(|window| window == run) {
            return at;
        }
        self.0.extend_from_slice(run);
        self.0.len() - run.len()
    }
}

impl Words {
    fn region(&mut self, home: Home) -> &mut Region {
        match home {
            Home::Plain => &mut self.plain,
            Home::OwnClasses => &mut self.own_classes,
            Home::Classes => &mut self.classes,
            Home::Phrases => &mut self.phrases,
        }
    }

    fn keep(&mut self, home: Home, run: &[String]) -> Run {
        Run(home, self.region(home).keep(run), run.len())
    }

    /// The first word of a region; the regions follow each other. The first word of all is empty.
    fn begin(&self, home: Home) -> usize {
        let sizes = [&self.plain, &self.own_classes, &self.classes].map(|region| region.0.len());
        1 + sizes.iter().take(home as usize).sum::<usize>()
    }

    fn place(&self, run: Run) -> String {
        format!("{}, {}", self.begin(run.0) + run.1, run.2)
    }

    fn whole(&self, home: Home, region: &Region) -> String {
        format!("{}, {}", self.begin(home), region.0.len())
    }
}

struct Rule {
    name: String,
    kind: String,
    own: bool,
    phase: Option<String>,
    unsent: bool,
    times: [u64; 2],
    when: Vec<(&'static str, Run)>,
    unless: Vec<(&'static str, Run)>,
}

/// The text of `table.rs`.
pub(super) fn write(file: &Value) -> Result<String> {
    let mut words = Words::default();
    let lists = file.get("classes").and_then(Value::as_object).context("no classes")?;
    let forms = file.get("rules").and_then(Value::as_array).context("no rules")?;
    for role in ROLES {
        words.keep(Home::Classes, &list(lists, role)?);
    }
    let mut rules = Vec::new();
    for form in forms {
        let name = text(form, "name").context("a rule without a name")?;
        let rule = read(form, lists, forms, &mut words).with_context(|| format!("the rule {name}"))?;
        if rules.iter().any(|other: &Rule| other.name == rule.name) {
            bail!("two rules have the name {name}");
        }
        rules.push(rule);
    }
    let says = words.keep(Home::Plain, &names(file.get("fetch_says"))?);
    let roles = ROLES
        .into_iter()
        .map(|role| Ok((role, words.keep(Home::Classes, &list(lists, role)?))))
        .collect::<Result<Vec<_>>>()?;
    shown(&words, &rules, &roles, says)
}

fn read(form: &Value, lists: &Object, forms: &[Value], words: &mut Words) -> Result<Rule> {
    let own = form.get("own").and_then(Value::as_bool).unwrap_or(false);
    let then = form.get("then").context("no then")?;
    let mut conditions = |name: &str| -> Result<Vec<(&'static str, Run)>> {
        let Some(told) = form.get(name).and_then(Value::as_object) else { return Ok(Vec::new()) };
        let mut runs = Vec::new();
        for on in CONDITIONS.into_iter().filter(|on| told.contains_key(*on)) {
            for (home, run) in alternatives(on, told.get(on), own, lists, forms)? {
                runs.push((on, words.keep(home, &run)));
            }
        }
        Ok(runs)
    };
    let (when, unless) = (conditions("when")?, conditions("unless")?);
    let times = ["retry_after", "reset_after"].map(|time| then.get(time).and_then(Value::as_u64).unwrap_or(0));
    Ok(Rule {
        name: text(form, "name").context("no name")?,
        kind: text(then, "kind").context("no kind")?,
        own,
        phase: text(then, "phase"),
        unsent: text(then, "effect").as_deref() == Some("none"),
        times,
        when,
        unless,
    })
}

/// The alternatives of one condition, in runs: each list that is referred to, and the words of its own.
fn alternatives(
    on: &str,
    told: Option<&Value>,
    own: bool,
    lists: &Object,
    forms: &[Value],
) -> Result<Vec<(Home, Vec<String>)>> {
    let home = match on {
        "class" if own => Home::OwnClasses,
        "class" => Home::Classes,
        "phrase" => Home::Phrases,
        _ => Home::Plain,
    };
    let (referred, mine): (Vec<String>, Vec<String>) =
        strings(told)?.into_iter().partition(|word| on == "class" && word.starts_with('@'));
    let mut runs = Vec::new();
    for reference in referred {
        let name = reference.trim_start_matches('@');
        let shared = ROLES.contains(&name) || is_asked_of_all(&reference, forms);
        runs.push((if shared { Home::Classes } else { home }, list(lists, name)?));
    }
    if !mine.is_empty() {
        runs.push((home, mine));
    }
    Ok(runs)
}

/// Whether a rule that looks at causes too refers to this list.
fn is_asked_of_all(reference: &str, forms: &[Value]) -> bool {
    forms.iter().filter(|form| form.get("own") != Some(&Value::Bool(true))).any(|form| {
        ["when", "unless"].iter().any(|part| {
            let classes = form.get(*part).and_then(|part| part.get("class")).and_then(Value::as_array);
            classes.is_some_and(|classes| classes.iter().any(|class| class == reference))
        })
    })
}

fn text(form: &Value, name: &str) -> Option<String> {
    form.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Texts, and numbers as their digits. A line feed would tear the list of words apart.
fn strings(told: Option<&Value>) -> Result<Vec<String>> {
    let items = told.and_then(Value::as_array).context("not a list of words")?;
    let word = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    let words: Vec<String> = items.iter().map(word).collect();
    if words.iter().any(|word| word.contains('\n') || word.contains("\"##")) {
        bail!("a word with a line feed, or with the end of a raw string");
    }
    Ok(words)
}

fn names(list: Option<&Value>) -> Result<Vec<String>> {
    strings(list.and_then(|list| list.get("names")))
}

fn list(lists: &Object, name: &str) -> Result<Vec<String>> {
    names(lists.get(name)).with_context(|| format!("the list @{name}"))
}

fn shown(words: &Words, rules: &[Rule], roles: &[(&str, Run)], says: Run) -> Result<String> {
    let mut out = String::from(
        "//! Written from `rules.json` by `cargo xtask rules`: do not edit.\n\n\
         use super::rules::{Condition, On, Rule, Run};\n\
         use crate::policy::failure::{FailureKind as K, Phase as P};\n\n",
    );
    let known = rules.iter().map(|rule| &rule.name);
    let all: Vec<&String> = [&words.plain, &words.own_classes, &words.classes, &words.phrases]
        .into_iter()
        .flat_map(|region| &region.0)
        .chain(known)
        .collect();
    let names = 1 + all.len() - rules.len();
    writeln!(out, "/// How many words there are.\npub(super) const COUNT: usize = {};\n", all.len() + 1)?;
    writeln!(out, "/// What is known about each, in order.\npub(super) static RULES: [Rule; {}] = [", rules.len())?;
    let mut conditions = Vec::new();
    for (at, rule) in rules.iter().enumerate() {
        let begin = conditions.len();
        conditions.extend(&rule.when);
        conditions.extend(&rule.unless);
        let own = if rule.own { ".own()" } else { "" };
        let phase = rule.phase.as_ref().map_or(String::new(), |phase| format!(".at(P::{})", camel(phase)));
        let unsent = if rule.unsent { ".unsent()" } else { "" };
        let (name, kind, when, unless) = (names + at, camel(&rule.kind), rule.when.len(), rule.unless.len());
        let what = format!("{name}, K::{kind}, {begin}, {when}, {unless}, {:?}", rule.times);
        writeln!(out, "    Rule::new({what}){own}{phase}{unsent}, // {}", rule.name)?;
    }
    writeln!(
        out,
        "];\n\n/// What is asked, rule by rule.\npub(super) static CONDITIONS: [Condition; {}] = [",
        conditions.len()
    )?;
    for (on, run) in conditions {
        writeln!(out, "    Condition::new(On::{}, {}),", camel(on), words.place(run))?;
    }
    writeln!(out, "];\n\n/// Classes that count only as the exception's own.")?;
    writeln!(
        out,
        "pub(super) const OWN_CLASSES: Run = Run::new({});",
        words.whole(Home::OwnClasses, &words.own_classes)
    )?;
    writeln!(out, "/// All other classes.")?;
    writeln!(out, "pub(super) const CLASSES: Run = Run::new({});", words.whole(Home::Classes, &words.classes))?;
    for (name, run) in roles {
        writeln!(out, "/// The list @{name}.\npub(super) const {name}: Run = Run::new({});", words.place(*run))?;
    }
    writeln!(
        out,
        "/// What a `TypeError` of `fetch` says.\npub(super) const FETCH_SAYS: Run = Run::new({});",
        words.place(says)
    )?;
    writeln!(
        out,
        "/// All phrases.\npub(super) const PHRASES: Run = Run::new({});\n",
        words.whole(Home::Phrases, &words.phrases)
    )?;
    writeln!(out, "/// Every word on a line of its own; the first is empty.\npub(super) static WORDS: &str = r##\"")?;
    let before = out.len();
    for word in all {
        writeln!(out, "{word}")?;
    }
    if out.len() - before > usize::from(u16::MAX) {
        bail!("the words are more than 16 bits can count");
    }
    writeln!(out, "\"##;")?;
    Ok(out)
}

fn camel(word: &str) -> String {
    word.split('_').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}
