//! What it does, by example.

use super::*;
use alloc::string::ToString;

#[test]
fn routes_share_what_they_have_in_common() {
    let at = |name: &str, model: &str| Route {
        provider: Some("openai".into()),
        model: Some(model.into()),
        ..Route::new(name)
    };
    let Ok((scopes, _)) = chain(&[at("a", "large"), at("b", "small"), Route::new("c")]) else {
        panic!("a good chain");
    };
    let [[a, a_endpoint, a_credential, _], [b, b_endpoint, b_credential, _], c] = [scopes[0], scopes[1], scopes[2]];
    assert_eq!((a_endpoint, a_credential), (b_endpoint, b_credential));
    assert_ne!(a, b);
    assert!([a, a_endpoint, a_credential].iter().all(|scope| !c.contains(scope)));
}

#[test]
fn a_tool_is_refused_by_its_field() {
    let map = |name: &str, value| Value::Map(alloc::vec![(name.into(), value)]);
    let read = |value| Tool::from_value(&value, Spelling::JavaScript).map_err(|wrong| wrong.to_string());
    assert_eq!(read(map("name", Value::Text("add".into()))), Ok(Tool::new("add")));
    let lines =
        [map("timeout", Value::Number(0.0)), map("replay", Value::Text("twice".into())), map("risky", Value::Null)]
            .map(|value| read(value).err().unwrap_or_default());
    assert_eq!(
        lines,
        [
            "tool.timeout: 0 ms is not allowed; use 1 ms to 30 days",
            "tool.replay: \"twice\" is not allowed; use one of idempotent, keyed, once",
            "tool.name: \"\" is not allowed; use a name that is not empty",
        ]
    );
}

#[test]
fn two_routes_of_one_name_are_refused() {
    let refused = chain(&[Route::new("a"), Route::new("a")]).map_err(|wrong| wrong.to_string());
    assert_eq!(refused, Err("routes[1].name: \"a\" is not allowed; use a name that no other route has".into()));
}
