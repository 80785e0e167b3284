//! What it does, by example.

use super::*;

#[test]
fn numbers_read_well() {
    let shown = [0.0, 3.0, -0.5, 2.5, 0.1 + 0.2, 0.001, 86_400.0, 1e14 + 0.25, 999_999_999_999_999.0, 0.999_999_9];
    let lines = ["0", "3", "-0.5", "2.5", "0.3", "0.001", "86400", "100000000000000.25", "999999999999999", "1"];
    assert_eq!(shown.map(|number| Value::Number(number).to_string()), lines);
    let shown = [1e15, 1e297, -1.5e300, 9.999_999_99e20, f64::MAX, 1e-7, 1.5e-300, f64::NAN, f64::NEG_INFINITY];
    let lines = ["1e15", "1e297", "-1.5e300", "1e21", "1.797693e308", "1e-7", "1.5e-300", "NaN", "-inf"];
    assert_eq!(shown.map(|number| Value::Number(number).to_string()), lines);
}

#[test]
fn text_stays_on_one_line() {
    let shown = Value::Text("a \"b\"\n\u{202e}".into()).to_string();
    assert_eq!(shown, r#""a \"b\"\n\u{202e}""#);
}

#[test]
fn each_language_has_its_own_spelling() {
    assert_eq!(Spelling::Json.field("first_progress", true), "first_progress_ms");
    assert_eq!(Spelling::Python.field("first_progress", true), "first_progress");
    assert_eq!(Spelling::JavaScript.field("first_progress", true), "firstProgress");
}
