//! Behaviours as short text, for scripts and for models' names: `503x2+answer:hello`.
//!
//! ```text
//! sequence  = step ("+" step)*                  the last step is repeated
//! step      = word ["x" count] [":" argument]   `+` and `%` inside an argument: %2B and %25
//! name      = [label "=" ] sequence             a label keeps two models with the same script apart
//! ```
//!
//! The words and their arguments stand in [`WORDS`].

use serde_json::{Map, Value, json};

use crate::behaviour::Behaviour;
use crate::fields::AfterTool;
use crate::reply::{Reply, ToolCall, no_arguments};

/// Every word but the status codes, with its argument and what it is in full; `--help` and the errors show it.
pub(crate) const WORDS: &[(&str, &str, &str)] = &[
    ("answer", "TEXT", "a whole answer"),
    ("call", "NAME(ARGUMENTS)&..", "tool calls"),
    (
        "agent",
        "NAME(ARGUMENTS)&..:TEXT",
        "tool calls, and TEXT (default {last_tool_result}) once the last message is a tool result",
    ),
    ("reset", "MS", "connection reset before headers"),
    ("silence", "MS", "no answer at all, for MS or until the client leaves"),
    ("slow", "MS:TEXT", "the first token comes after MS"),
    ("cut", "N:TEXT", "TCP reset after N chunks"),
    ("close", "N:TEXT", "TCP close after N chunks"),
    ("stall", "N:TEXT", "nothing more after N chunks, connection open"),
    ("malformed_chunk", "N:TEXT", "one chunk that is not JSON after N, then the rest"),
    ("malformed_body", "BODY", "200 with a body that is not JSON"),
    ("no_terminator", "TEXT", "a whole stream without [DONE] or message_stop"),
    ("no_finish", "N:TEXT", "a stream that ends after N chunks without a finish reason"),
    ("overloaded", "N", "an overloaded_error event after N chunks, in a stream that began with 200"),
    (
        "down",
        "FROM-UNTIL",
        "503 in that window of ms since the start, an answer outside it; either end may be left out",
    ),
    ("pass", "MODEL", "to the upstream, asking for MODEL"),
];

/// The most often one step may be repeated by a count.
const MAX_COUNT: usize = 10_000;

/// The shorthand, explained for `--help`.
pub fn words_help() -> String {
    let mut help = String::from("Steps of a model's name, one for each request, the last one repeated: STEP+STEP+..\n");
    help.push_str("  503x2             status 503, twice; 429:retry-after=2;x-should-retry=true sends headers\n");
    for (word, argument, meaning) in WORDS {
        help.push_str(&format!("  {:<34}{meaning}\n", format!("{word}:{argument}")));
    }
    help.push_str(
        "An argument may be left out, every word takes a count (resetx3), %2B stands for + in an argument.\n",
    );
    help.push_str("LABEL=STEP+.. keeps apart two models with the same steps. All fields of a script: the README.");
    help
}

/// The script a model's name spells: `None` if it is just a name, an error if it begins like a script and is none.
pub(crate) fn model_name(name: &str) -> Option<Result<Vec<Behaviour>, String>> {
    let labelled = name.split_once('=').filter(|(label, _)| is_label(label));
    let spelled = labelled.map_or(name, |(_, rest)| rest);
    let first = spelled.split(['+', ':']).next().unwrap_or_default();
    let (word, _) = split_count(first);
    let is_script = labelled.is_some() || status_code(word).is_some() || WORDS.iter().any(|(known, ..)| *known == word);
    is_script.then(|| sequence(spelled))
}

/// Reads a whole sequence.
pub(crate) fn sequence(text: &str) -> Result<Vec<Behaviour>, String> {
    let mut steps = Vec::new();
    for piece in text.split('+') {
        let (behaviour, count) = step(piece)?;
        steps.extend(std::iter::repeat_n(behaviour, count));
    }
    Ok(steps)
}

/// Reads exactly one behaviour.
pub(crate) fn single(text: &str) -> Result<Behaviour, String> {
    match sequence(text)?.as_slice() {
        [only] => Ok(only.clone()),
        more => Err(format!("`{text}` is {} behaviours where one is wanted", more.len())),
    }
}

fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

fn status_code(word: &str) -> Option<u16> {
    if word.len() == 3 { word.parse().ok() } else { None }
}

/// `503x2` is `503`, twice.
fn split_count(head: &str) -> (&str, Option<&str>) {
    match head.rsplit_once('x') {
        Some((word, count)) if !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()) => (word, Some(count)),
        _ => (head, None),
    }
}

fn step(piece: &str) -> Result<(Behaviour, usize), String> {
    let (head, argument) = match piece.split_once(':') {
        Some((head, argument)) => (head, Some(percent_decoded(argument))),
        None => (piece, None),
    };
    let (word, count) = split_count(head);
    let count = match count.map(str::parse) {
        None => 1,
        Some(Ok(count)) if (1..=MAX_COUNT).contains(&count) => count,
        Some(_) => return Err(format!("`{head}`: the count after `x` is 1 to {MAX_COUNT}")),
    };
    let behaviour = behaviour(word, argument.as_deref()).map_err(|error| format!("`{piece}`: {error}"))?;
    Ok((behaviour, count))
}

fn behaviour(word: &str, argument: Option<&str>) -> Result<Behaviour, String> {
    if let Some(code) = status_code(word) {
        return object("status", json!({ "status": code, "headers": headers(argument)? }));
    }
    match word {
        "answer" => Ok(Behaviour::Answer(argument.map(Reply::text).unwrap_or_default())),
        "call" => match calls(argument.unwrap_or_default())? {
            (calls, "") => Ok(Behaviour::Answer(Reply::calls(calls))),
            (_, rest) => Err(format!("`{rest}` is left over after the calls")),
        },
        "agent" => {
            let (calls, rest) = calls(argument.unwrap_or_default())?;
            let text = rest.strip_prefix(':').unwrap_or("{last_tool_result}");
            let first = Box::new(Behaviour::Answer(Reply::calls(calls)));
            Ok(Behaviour::AfterTool(AfterTool { first, then: Box::new(Behaviour::Answer(Reply::text(text))) }))
        }
        "reset" => numbered("reset", json!({}), "delay_ms", argument),
        "silence" => numbered("silence", json!({}), "for_ms", argument),
        "slow" => match argument {
            Some(_) => numbered("slow", json!({}), "ms", argument),
            None => Err("say how many ms: `slow:500`".into()),
        },
        "cut" => numbered("cut", json!({}), "after", argument),
        "close" => numbered("cut", json!({ "how": "close" }), "after", argument),
        "stall" => numbered("stall", json!({}), "after", argument),
        "malformed_chunk" => numbered("malformed_chunk", json!({}), "after", argument),
        "malformed_body" => object("malformed_body", argument.map_or(json!({}), |body| json!({ "body": body }))),
        "no_terminator" => object("no_terminator", argument.map_or(json!({}), |text| json!({ "reply": text }))),
        "no_finish" => numbered("no_finish", json!({}), "after", argument),
        "overloaded" => numbered("stream_error", json!({}), "after", argument),
        "down" => down(argument.unwrap_or("-")),
        "pass" => object("pass", json!({ "model": argument })),
        _ => Err(format!("`{word}` is no behaviour: use a status such as 503, or one of {}", words())),
    }
}

/// The words, for an error.
fn words() -> String {
    WORDS.iter().map(|(word, ..)| *word).collect::<Vec<_>>().join(", ")
}

fn object(name: &str, fields: Value) -> Result<Behaviour, String> {
    let mut all = match fields {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    all.insert("do".into(), name.into());
    Behaviour::from_object(all)
}

/// `N`, `N:TEXT` or nothing: a number for `field`, and the answer's text.
fn numbered(name: &str, mut fields: Value, field: &str, argument: Option<&str>) -> Result<Behaviour, String> {
    let (number, text) = match argument.map(|argument| argument.split_once(':').ok_or(argument)) {
        None => (None, None),
        Some(Ok((number, text))) => (Some(number), Some(text)),
        Some(Err(number)) => (Some(number), None),
    };
    if let (Some(number), Some(all)) = (number, fields.as_object_mut()) {
        let whole: u64 = number.parse().map_err(|_| format!("`{number}` is not a whole number for `{field}`"))?;
        all.insert(field.into(), whole.into());
        if let Some(text) = text {
            all.insert("reply".into(), text.into());
        }
    }
    object(name, fields)
}

/// `retry-after=2;x-should-retry=false`.
fn headers(argument: Option<&str>) -> Result<Value, String> {
    let mut all = Map::new();
    for pair in argument.into_iter().flat_map(|argument| argument.split(';')) {
        let (name, value) = pair.split_once('=').ok_or_else(|| format!("`{pair}` is no header: `name=value;..`"))?;
        all.insert(name.trim().into(), value.trim().into());
    }
    Ok(Value::Object(all))
}

/// `100-500`, `100-`, `-500` or `-`.
fn down(argument: &str) -> Result<Behaviour, String> {
    let refused = || format!("`{argument}` is no window of ms: `100-500`, `100-` or `-500`");
    let (from, until) = argument.split_once('-').ok_or_else(refused)?;
    let mut fields = Map::new();
    for (name, ms) in [("from_ms", from), ("until_ms", until)] {
        if !ms.is_empty() {
            fields.insert(name.into(), ms.parse::<u64>().map_err(|_| refused())?.into());
        }
    }
    object("down", Value::Object(fields))
}

/// `multiply({"a":17})&now()`, and what stands after it. Arguments that are no JSON are sent raw.
fn calls(text: &str) -> Result<(Vec<ToolCall>, &str), String> {
    let mut calls = Vec::new();
    let mut rest = text;
    loop {
        let (name, after) = rest.split_once('(').ok_or_else(|| format!("`{rest}` is no call: `name({{..}})`"))?;
        if name.is_empty() {
            return Err("a tool's name is missing before `(`".into());
        }
        let mut json = serde_json::Deserializer::from_str(after).into_iter::<Value>();
        let parsed = json.next().and_then(Result::ok);
        let end = after.get(json.byte_offset()..).and_then(|tail| tail.strip_prefix(')'));
        let (arguments, tail) = match (parsed, end) {
            (Some(arguments), Some(tail)) => (arguments, tail),
            _ => match after.split_once(')') {
                Some(("", tail)) => (no_arguments(), tail),
                Some((raw, tail)) => (Value::String(raw.into()), tail),
                None => return Err(format!("`{rest}`: `)` is missing")),
            },
        };
        calls.push(ToolCall { name: name.into(), arguments });
        match tail.strip_prefix('&') {
            Some(next) => rest = next,
            None => return Ok((calls, tail)),
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut decoded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let byte = piece.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii);
        match (byte, piece.get(2..)) {
            (Some(byte), Some(rest)) => {
                decoded.push(char::from(byte));
                decoded.push_str(rest);
            }
            _ => {
                decoded.push('%');
                decoded.push_str(piece);
            }
        }
    }
    decoded
}
