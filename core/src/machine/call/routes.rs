//! Which routes a call may still ask, in which order, and why not the others.

use super::ask::Ask;
use crate::command::RouteId;
use crate::machine::committed::Committed;
use crate::notice::Skip;
use crate::policy::failure::{Cool, Failure, NextRule};
use crate::policy::fallback::FallbackScope;
use crate::route::RouteSet;
use crate::scope::Context;

/// The primary of every chain.
pub(super) const PRIMARY: RouteId = RouteId(0);

/// The routes as a call sees them: what it asks for, where it has been, and what happened there last.
#[derive(Clone, Copy)]
pub(super) struct Routes<'a> {
    pub(super) ask: &'a Ask,
    pub(super) tried: RouteSet,
    /// How many were asked.
    pub(super) asked: u32,
    pub(super) present: Option<RouteId>,
    pub(super) failure: Option<Failure>,
}

impl Routes<'_> {
    /// Whether there is but one place to ask.
    pub(super) fn are_none(&self, cx: &Context<'_>) -> bool {
        self.ask.is_tool() || cx.live.routes.is_empty()
    }

    /// The one that is asked before all others: the committed one, else the primary.
    #[inline]
    pub(super) fn first(&self, cx: &Context<'_>) -> Option<RouteId> {
        let committed = committed(cx);
        let elsewhere = committed.route.filter(|route| *route != PRIMARY && cx.route(*route).is_some());
        match elsewhere {
            Some(route) if !self.rechecks(cx, committed) => Some(route),
            _ => cx.route(PRIMARY).map(|_| PRIMARY),
        }
    }

    /// Whether a call that has not begun goes back to the primary, after so long elsewhere.
    fn rechecks(&self, cx: &Context<'_>, committed: Committed) -> bool {
        let (Some(recheck), Some(away)) = (cx.policy.fallback.recheck, committed.away) else { return false };
        self.asked == 0
            && cx.now >= away + recheck
            && self.cannot_work(cx, PRIMARY).is_none()
            && cx.would_admit(PRIMARY).is_ok()
    }

    /// Those not tried yet, in the order in which they are asked.
    pub(super) fn candidates(&self, cx: &Context<'_>) -> Candidates {
        Candidates { first: self.first(cx), left: self.untried(cx) }
    }

    fn untried(&self, cx: &Context<'_>) -> RouteSet {
        if self.ask.is_tool() { RouteSet::none() } else { RouteSet::first_of(cx.live.routes.len()).without(self.tried) }
    }

    /// How many may have to be asked after this one.
    pub(super) fn left_after(&self, cx: &Context<'_>, route: Option<RouteId>) -> u32 {
        let mut left = self.untried(cx).without(cx.live.without_credential);
        if let Some(route) = route {
            left.remove(route);
        }
        if self.ask.context_tokens == 0 {
            return left.len();
        }
        let able = cx.live.ids().filter(|route| left.contains(*route) && self.cannot_work(cx, *route).is_none());
        able.collect::<RouteSet>().len()
    }

    /// Why a route cannot answer this call, whatever has happened.
    pub(super) fn cannot_work(&self, cx: &Context<'_>, route: RouteId) -> Option<Skip> {
        if cx.live.without_credential.contains(route) {
            return Some(Skip::NoCredential);
        }
        if self.ask.context_tokens == 0 {
            return None;
        }
        let window = cx.route(route)?.route.context_window;
        window.is_some_and(|window| window < self.ask.context_tokens).then_some(Skip::ContextWindow)
    }

    /// The same, or why it could not do better than the one that failed.
    pub(super) fn cannot_help(&self, cx: &Context<'_>, route: RouteId) -> Option<Skip> {
        if let Some(why) = self.cannot_work(cx, route) {
            return Some(why);
        }
        let (failure, from) = (self.failure?, self.present?);
        let rule = cx.policy.failures.rule(failure.kind);
        let of_credential = matches!(rule.cool, Cool::Limit | Cool::Credential);
        let has_another = of_credential && !cx.live.same_credential(from, route);
        if cx.live.same_deployment(from, route) && !has_another {
            return Some(Skip::SameDeployment);
        }
        let window = |route| cx.route(route).and_then(|state| state.route.context_window);
        match (rule.next, window(from), window(route)) {
            (NextRule::LargerContext, Some(small), Some(other)) if other <= small => Some(Skip::ContextWindow),
            _ => None,
        }
    }

    /// Whether another one may be asked now.
    pub(super) fn has_another(&self, cx: &Context<'_>) -> bool {
        self.candidates(cx).any(|route| self.cannot_help(cx, route).is_none() && cx.would_admit(route).is_ok())
    }

    /// Whether another one than this may be asked now whose client nobody else is making.
    pub(super) fn has_ready_beside(&self, cx: &Context<'_>, route: RouteId) -> bool {
        self.candidates(cx).any(|other| {
            other != route
                && !cx.is_activating(other)
                && self.cannot_help(cx, other).is_none()
                && cx.would_admit(other).is_ok()
        })
    }
}

/// Where the calls before have come to, and since when that is not the primary: as far as their fallback still lasts.
pub(super) fn committed(cx: &Context<'_>) -> Committed {
    match cx.policy.fallback.scope {
        FallbackScope::Call => Committed::NOWHERE,
        FallbackScope::Session if cx.scope.committed.route.is_none() => cx.live.committed,
        FallbackScope::Turn | FallbackScope::Session => cx.scope.committed,
    }
}

/// Routes that may still be asked: one before all others, then the chain from the top.
pub(super) struct Candidates {
    first: Option<RouteId>,
    left: RouteSet,
}

impl Iterator for Candidates {
    type Item = RouteId;

    fn next(&mut self) -> Option<RouteId> {
        let first = self.first.take().filter(|route| self.left.contains(*route));
        let next = first.or(self.left.first())?;
        self.left.remove(next);
        Some(next)
    }
}
