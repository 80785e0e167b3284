"""What the tests beside real clients are given; the folder ``tests_clients`` has them from here too."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest
from harness import WAYS, Provider


@pytest.fixture(scope="session")
def started() -> Iterator[Provider]:
    binary = os.environ.get("FAILSOFT_PROVIDER_BIN")
    if not binary:
        pytest.fail(
            "FAILSOFT_PROVIDER_BIN is not set: cargo build --release -p failsoft-provider, then name its binary"
        )
    provider = Provider(binary)
    yield provider
    provider.close()


@pytest.fixture
def provider(started: Provider) -> Provider:
    started.script()
    return started


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody listens, and where nobody else can begin to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
