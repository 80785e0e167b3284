import threading

import pytest
from failsoft import StepLimiter, StepLimitExceeded


def test_exactly_the_limit_is_let_through() -> None:
    steps = StepLimiter(3)
    assert [steps.tick() for _ in range(3)] == [1, 2, 3]
    with pytest.raises(StepLimitExceeded, match="all 3 steps are taken"):
        steps.tick()
    assert steps.steps == 3


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, float("nan"), 10**30, "3"])
def test_nonsense_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"turn\.steps: .* is not allowed; use a whole number from 1 to 100000"):
        StepLimiter(wrong)  # type: ignore[arg-type]


def test_threads_share_one_count() -> None:
    steps, taken = StepLimiter(50), []

    def work() -> None:
        try:
            while True:
                taken.append(steps.tick())
        except StepLimitExceeded:
            pass

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 51))
