//! The retry budget of each deployment, by the requests that were seen.

use std::collections::BTreeMap;

use failsoft::policy::budget::RetryBudget;

/// When something happened, and where in the order of all things.
type Moment = (u64, u64);

/// First attempts and granted retries by deployment.
#[derive(Debug, Default)]
pub(super) struct Budget {
    firsts: BTreeMap<usize, Vec<Moment>>,
    granted: BTreeMap<usize, Vec<Moment>>,
}

impl Budget {
    pub(super) fn first(&mut self, deployment: usize, at: Moment) {
        self.firsts.entry(deployment).or_default().push(at);
    }

    pub(super) fn granted(&mut self, deployment: usize, at: Moment) {
        self.granted.entry(deployment).or_default().push(at);
    }

    /// The deployment and the window in which more was granted than the floor and the ratio of the first attempts in it.
    pub(super) fn check(&self, config: &RetryBudget) -> Result<(), (usize, String)> {
        let window = u64::try_from(config.window.as_millis()).unwrap_or(u64::MAX);
        for (deployment, granted) in &self.granted {
            let mut granted = granted.clone();
            granted.sort_unstable();
            let firsts: &[Moment] = self.firsts.get(deployment).map_or(&[], Vec::as_slice);
            for (at, grant) in granted.iter().enumerate() {
                // Both are in order.
                let before = |moment: &Moment| moment.0 + window <= grant.0;
                let grants = at + 1 - granted.partition_point(before);
                let first = firsts.partition_point(|moment| moment <= grant) - firsts.partition_point(before);
                let covered = u64::from(config.ratio.0) * u64::try_from(first).unwrap_or(u64::MAX) / 1000;
                let most = u64::from(config.floor) + covered;
                if u64::try_from(grants).unwrap_or(u64::MAX) > most {
                    return Err((*deployment, format!("{grants} retries were granted until {}, not {most}", grant.0)));
                }
            }
        }
        Ok(())
    }
}
