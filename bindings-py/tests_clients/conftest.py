import pytest
from fixtures import nobody, provider, started, way

__all__ = ["nobody", "provider", "started", "way"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "ignore")  # the clients' warnings are theirs
