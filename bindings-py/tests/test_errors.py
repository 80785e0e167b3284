from __future__ import annotations

import copy
import pickle

import failsoft
import pytest
from failsoft import (
    ApprovalDenied,
    BreakerOpen,
    CallTimeout,
    DeadlineExceeded,
    Exhausted,
    FailsoftError,
    Failure,
    PermanentError,
    StepLimitExceeded,
    TransientError,
)


@pytest.mark.parametrize(
    ("error", "parents"),
    [
        (CallTimeout, (TransientError, DeadlineExceeded, TimeoutError, OSError)),
        (DeadlineExceeded, (TimeoutError,)),
        (ApprovalDenied, (PermissionError,)),
        (StepLimitExceeded, (RuntimeError,)),
        (Exhausted, (FailsoftError,)),
        (BreakerOpen, (FailsoftError,)),
    ],
)
def test_parents_are_those_one_would_catch(error: type, parents: tuple[type, ...]) -> None:
    assert issubclass(error, parents)
    assert all(issubclass(error, parent) for parent in parents)


def test_a_deadline_is_not_transient() -> None:
    assert not issubclass(DeadlineExceeded, TransientError)


ERRORS = [
    FailsoftError("x", retry_in=1.5),
    TransientError("x"),
    PermanentError("x"),
    DeadlineExceeded("x"),
    CallTimeout("x"),
    Exhausted("x", retry_in=2),
    BreakerOpen("x", retry_in=3.25),
    StepLimitExceeded("x"),
    ApprovalDenied("x", "expired"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("duplicate", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy, copy.deepcopy])
def test_every_error_survives_pickling(error: Exception, duplicate: object) -> None:
    error.extra = ["attribute"]  # type: ignore[attr-defined]
    twin = duplicate(error)  # type: ignore[operator]
    assert type(twin) is type(error)
    assert str(twin) == "x"
    assert vars(twin) == vars(error)


def test_every_exported_error_is_in_that_list() -> None:
    exported = [getattr(failsoft, name) for name in failsoft.__all__]
    errors = {one for one in exported if isinstance(one, type) and issubclass(one, BaseException)}
    assert errors == {type(error) for error in ERRORS}


def test_a_failure_survives_pickling() -> None:
    failure = Failure("rate_limited", status=429, retry_after=1.5, phase="send", should_retry=True, effect="none")
    assert pickle.loads(pickle.dumps(failure)) == failure
    assert failure != Failure("rate_limited")


def test_every_exported_name_is_there() -> None:
    for name in failsoft.__all__:
        assert getattr(failsoft, name) is not None
