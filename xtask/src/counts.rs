//! How many tests ran, read from what the runners say themselves.

use std::ops::AddAssign;

/// Tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Ran and held.
    pub(crate) passed: u64,
    /// Ran and did not hold, or could not run.
    pub(crate) failed: u64,
    /// Were there and did not run.
    pub(crate) skipped: u64,
}

impl Counts {
    /// One thing that passed or failed.
    pub(crate) fn one(passed: bool) -> Self {
        if passed { Self { passed: 1, ..Self::default() } } else { Self { failed: 1, ..Self::default() } }
    }

    /// The sum of cargo's `test result: …` lines.
    pub(crate) fn of_cargo_test(output: &str) -> Self {
        let mut sum = Self::default();
        for line in output.lines().filter_map(|line| line.trim_start().strip_prefix("test result: ")) {
            // "ok. 12 passed; 0 failed; 1 ignored; …"
            let numbers = line.split_once(". ").map_or(line, |(_, numbers)| numbers);
            for (number, what) in numbers.split("; ").filter_map(|part| part.split_once(' ')) {
                let number = number.parse().unwrap_or(0);
                match what {
                    "passed" => sum.passed += number,
                    "failed" => sum.failed += number,
                    "ignored" => sum.skipped += number,
                    _ => {}
                }
            }
        }
        sum
    }

    /// The sum over the suites of a JUnit file as pytest writes it.
    pub(crate) fn of_junit(xml: &str) -> Self {
        let mut sum = Self::default();
        for suite in xml.split("<testsuite ").skip(1) {
            let suite = suite.split_once('>').map_or(suite, |(attributes, _)| attributes);
            let number = |name: &str| {
                let (_, rest) = suite.split_once(&format!("{name}=\""))?;
                rest.split_once('"')?.0.parse::<u64>().ok()
            };
            let failed = number("failures").unwrap_or(0) + number("errors").unwrap_or(0);
            let skipped = number("skipped").unwrap_or(0);
            sum.failed += failed;
            sum.skipped += skipped;
            sum.passed += number("tests").unwrap_or(0).saturating_sub(failed + skipped);
        }
        sum
    }

    /// The closing lines of `node --test`, such as `# pass 12`. A file that holds no test passes there as if it were one;
    /// here it has failed.
    pub(crate) fn of_tap(output: &str) -> Self {
        let last = |what: &str| {
            let numbers = output.lines().rev().filter_map(|line| line.strip_prefix("# ")?.strip_prefix(what));
            numbers.filter_map(|number| number.strip_prefix(' ')?.trim().parse::<u64>().ok()).next().unwrap_or(0)
        };
        let is_file = |line: &&str| line.starts_with("ok ") && line.ends_with(".mjs");
        let empty = output.lines().filter(is_file).map(|_| 1).sum::<u64>();
        Self {
            passed: last("pass").saturating_sub(empty),
            failed: last("fail") + last("cancelled") + empty,
            skipped: last("skipped") + last("todo"),
        }
    }

    /// How many ran.
    pub(crate) fn ran(self) -> u64 {
        self.passed + self.failed
    }

    /// The closing line: `N passed, N failed`, and what was skipped if anything was.
    pub(crate) fn closing_line(self) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_test_lines_are_summed_over_binaries_and_doc_tests() {
        let output = "
running 3 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running tests/b.rs
test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 4 filtered out; finished in 1.23s
   Doc-tests failsoft
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s; merged doctests compilation took 0.09s
";
        assert_eq!(Counts::of_cargo_test(output), Counts { passed: 8, failed: 2, skipped: 1 });
    }

    #[test]
    fn no_test_result_is_no_test() {
        assert_eq!(Counts::of_cargo_test("error: could not compile `failsoft`").ran(), 0);
        assert_eq!(Counts::of_junit("").ran(), 0);
    }

    #[test]
    fn a_junit_file_counts_errors_as_failures_and_takes_the_skipped_out() {
        let xml = r#"<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="2"
            skipped="3" tests="10" time="0.1" timestamp="2026-11-22"><testcase classname="a" name="tests=&quot;99&quot;"/>
            </testsuite></testsuites>"#;
        assert_eq!(Counts::of_junit(xml), Counts { passed: 4, failed: 3, skipped: 3 });
    }

    #[test]
    fn the_closing_lines_of_node_are_counted_and_a_file_without_tests_has_failed() {
        let output = "ok 1 - a\n# tests 6\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 0\n";
        assert_eq!(Counts::of_tap(output), Counts { passed: 3, failed: 2, skipped: 1 });
        let output = "ok 1 - a\nok 2 - test/empty.test.mjs\n# tests 2\n# pass 2\n# fail 0\n";
        assert_eq!(Counts::of_tap(output), Counts { passed: 1, failed: 1, skipped: 0 });
        assert_eq!(Counts::of_tap("SyntaxError").ran(), 0);
    }

    #[test]
    fn the_closing_line_names_the_skipped_only_when_there_are_any() {
        assert_eq!(Counts { passed: 3, failed: 0, skipped: 0 }.closing_line(), "3 passed, 0 failed");
        assert_eq!(Counts { passed: 3, failed: 1, skipped: 2 }.closing_line(), "3 passed, 1 failed, 2 skipped");
    }
}
