//! What ran, as a table with an honest last line.

use std::process::ExitCode;
use std::time::Duration;

use crate::counts::Counts;

/// One line of the table.
#[derive(Debug)]
struct Row {
    name: String,
    counts: Counts,
    took: Duration,
}

/// Collects what ran; what failed is said at once and again, by name, at the end.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Tests that ran. None at all is a failure: a runner that finds nothing proves nothing.
    pub(crate) fn ran(&mut self, name: &str, counts: Counts, took: Duration) {
        if counts.ran() == 0 {
            return self.failed(name, "it ran no test", took);
        }
        println!("· {name}: {} ({:.1} s)", counts.closing_line(), took.as_secs_f64());
        self.rows.push(Row { name: name.to_owned(), counts, took });
    }

    /// One thing that passed, already said.
    pub(crate) fn passed(&mut self, name: &str, took: Duration) {
        self.rows.push(Row { name: name.to_owned(), counts: Counts::one(true), took });
    }

    /// Something that failed as a whole, with what there is to say about it.
    pub(crate) fn failed(&mut self, name: &str, why: &str, took: Duration) {
        let why = why.strip_prefix(name).map_or(why, |rest| rest.trim_start_matches([':', ' ']));
        println!("✗ {name}: {}", why.trim_end());
        self.rows.push(Row { name: name.to_owned(), counts: Counts::one(false), took });
    }

    /// Something that could not run here and is said to be optional.
    pub(crate) fn skipped(&mut self, name: &str, why: &str) {
        println!("· {name}: skipped: {why}");
        let counts = Counts { skipped: 1, ..Counts::default() };
        self.rows.push(Row { name: name.to_owned(), counts, took: Duration::ZERO });
    }

    /// Takes over the lines of another report.
    pub(crate) fn append(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }

    /// Prints the table, the names of what failed, and the closing line.
    pub(crate) fn close_with_table(self) -> ExitCode {
        println!("\n{}", self.table());
        self.close()
    }

    /// Prints the names of what failed and, as the very last line, how many passed and failed.
    pub(crate) fn close(self) -> ExitCode {
        let (mut sum, mut failed) = (Counts::default(), Vec::new());
        for row in &self.rows {
            sum += row.counts;
            if row.counts.failed > 0 {
                failed.push(row.name.as_str());
            }
        }
        if sum.ran() == 0 {
            sum.failed = 1;
            failed.push("nothing ran");
        }
        if !failed.is_empty() {
            println!("failed: {}", failed.join(", "));
        }
        println!("{}", sum.closing_line());
        if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn table(&self) -> String {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(5);
        let mut table = format!("{:<width$}  passed  failed  skipped  seconds", "what");
        for Row { name, counts, took } in &self.rows {
            let Counts { passed, failed, skipped } = counts;
            let seconds = took.as_secs_f64();
            table += &format!("\n{name:<width$}  {passed:>6}  {failed:>6}  {skipped:>7}  {seconds:>7.1}");
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_without_tests_is_a_failure() {
        let mut report = Report::default();
        report.ran("rust", Counts { skipped: 3, ..Counts::default() }, Duration::ZERO);
        assert_eq!(report.rows.iter().map(|row| row.counts.failed).sum::<u64>(), 1);
    }

    #[test]
    fn the_table_lines_up() {
        let mut report = Report::default();
        report.ran("rust: a long name", Counts { passed: 120, failed: 1, skipped: 0 }, Duration::from_millis(1_250));
        report.ran("lint", Counts { passed: 9, failed: 0, skipped: 1 }, Duration::from_secs(70));
        let table = report.table();
        let mut widths = table.lines().map(|line| line.chars().count());
        let first = widths.next();
        assert!(widths.all(|width| Some(width) == first), "{table}");
    }
}
