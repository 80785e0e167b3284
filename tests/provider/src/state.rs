//! What the provider remembers between requests: scripts, counters, the log. One lock, held for a moment at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::StatusCode;

use crate::log::Entry;
use crate::proxy::Upstream;
use crate::script::{ANY_MODEL, Script, Sequence};
use crate::shorthand;

/// The provider's memory.
pub(crate) struct Provider {
    /// Where `pass` leads.
    pub(crate) upstream: Option<Upstream>,
    started: Instant,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    scripts: BTreeMap<String, Arc<Sequence>>,
    models: BTreeMap<String, Model>,
    set_at: BTreeMap<String, Instant>,
    log: Vec<Entry>,
    next: u64,
}

#[derive(Clone, Copy, Default)]
struct Model {
    requests: u64,
    open: u64,
}

/// What a request for a model meets.
pub(crate) enum Cue {
    /// A script, and how long ago it was set.
    Scripted(Arc<Sequence>, Duration),
    /// No script covers the model.
    Unscripted,
    /// The model's name begins like a script and is none: the reason.
    Misspelt(String),
}

impl Provider {
    /// A provider that has seen nothing.
    pub(crate) fn new(upstream: Option<Upstream>) -> Self {
        Self { upstream, started: Instant::now(), kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> f64 {
        (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }

    /// Sets the scripts of the models named, their counters back to zero; other models keep theirs.
    pub(crate) fn load(&self, script: Script) -> Result<(), String> {
        let lacks_upstream = |sequence: &Sequence| self.upstream.is_none() && sequence.needs_upstream();
        if let Some((name, _)) = script.models.iter().find(|(_, sequence)| lacks_upstream(sequence)) {
            return Err(format!("models.{name}: `pass` needs the provider to be started with --upstream URL"));
        }
        let mut kept = self.kept();
        for (name, sequence) in script.models {
            if let Some(model) = kept.models.get_mut(&name) {
                model.requests = 0;
            }
            kept.set_at.insert(name.clone(), Instant::now());
            kept.scripts.insert(name, Arc::new(sequence));
        }
        Ok(())
    }

    /// Forgets log, counters and scripts. Requests under way go on.
    pub(crate) fn reset(&self) {
        let mut kept = self.kept();
        let Kept { scripts, models, set_at, log, .. } = &mut *kept;
        scripts.clear();
        set_at.clear();
        log.clear();
        models.retain(|_, model| model.open > 0);
        models.values_mut().for_each(|model| model.requests = 0);
    }

    /// Forgets the log only.
    pub(crate) fn clear_log(&self) {
        self.kept().log.clear();
    }

    /// The log so far.
    pub(crate) fn log(&self, with_bodies: bool) -> Vec<Entry> {
        let mut log = self.kept().log.clone();
        if !with_bodies {
            log.iter_mut().for_each(|entry| entry.body = None);
        }
        log
    }

    /// Logs and counts a request whose number, times and counts are filled in here, and says what it meets.
    pub(crate) fn begin(self: &Arc<Self>, mut entry: Entry) -> (Exchange, u64, Cue) {
        let mut kept = self.kept();
        let cue = kept.cue(&entry.model);
        let model = kept.models.entry(entry.model.clone()).or_default();
        model.requests += 1;
        model.open += 1;
        let request = model.requests;
        entry.request = request;
        entry.concurrent = model.open;
        let exchange = self.enter(&mut kept, entry);
        (exchange, request, cue)
    }

    /// Logs a request that is no valid one: it counts as request 0 and uses up no behaviour.
    pub(crate) fn refused(self: &Arc<Self>, mut entry: Entry) -> Exchange {
        let mut kept = self.kept();
        let model = kept.models.entry(entry.model.clone()).or_default();
        model.open += 1;
        entry.concurrent = model.open;
        self.enter(&mut kept, entry)
    }

    fn enter(self: &Arc<Self>, kept: &mut Kept, mut entry: Entry) -> Exchange {
        kept.next += 1;
        entry.number = kept.next;
        entry.at_ms = self.now_ms();
        let model = entry.model.clone();
        kept.log.push(entry);
        Exchange { provider: Arc::clone(self), number: kept.next, model, done: false }
    }
}

impl Kept {
    fn cue(&mut self, name: &str) -> Cue {
        let own = self.scripts.get_key_value(name).map(|(key, sequence)| (key.clone(), Arc::clone(sequence)));
        let spelled = || match shorthand::model_name(name)? {
            Ok(steps) => Some(Ok((name.to_owned(), Arc::new(Sequence { steps, then: None })))),
            Err(error) => Some(Err(error)),
        };
        let any = || self.scripts.get(ANY_MODEL).map(|sequence| (ANY_MODEL.to_owned(), Arc::clone(sequence)));
        match own.map(Ok).or_else(spelled).or_else(|| any().map(Ok)) {
            Some(Ok((key, sequence))) => {
                let set_at = *self.set_at.entry(key).or_insert_with(Instant::now);
                Cue::Scripted(sequence, set_at.elapsed())
            }
            Some(Err(error)) => Cue::Misspelt(error),
            None => Cue::Unscripted,
        }
    }
}

/// A request under way. Dropped before [`Exchange::done`], it says in the log that the client left.
pub(crate) struct Exchange {
    provider: Arc<Provider>,
    number: u64,
    model: String,
    done: bool,
}

impl Exchange {
    /// Which request it is over all models.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Notes what is being done about it.
    pub(crate) fn note(&self, behaviour: &'static str, status: Option<StatusCode>) {
        self.amend(|entry| {
            entry.behaviour = behaviour;
            entry.status = status.map(|status| status.as_u16());
        });
    }

    /// The provider has done all it meant to do; what the client does from now on is its own affair.
    pub(crate) fn done(&mut self) {
        self.done = true;
    }

    fn amend(&self, change: impl FnOnce(&mut Entry)) {
        let mut kept = self.provider.kept();
        if let Some(entry) = kept.log.iter_mut().rev().find(|entry| entry.number == self.number) {
            change(entry);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let ended_ms = self.provider.now_ms();
        self.amend(|entry| {
            entry.ended_ms = Some(ended_ms);
            entry.client_left = !self.done;
        });
        if let Some(model) = self.provider.kept().models.get_mut(&self.model) {
            model.open = model.open.saturating_sub(1);
        }
    }
}
