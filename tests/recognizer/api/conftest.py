from collections.abc import Iterator

import pytest

from recognizer.services import throttles


@pytest.fixture(autouse=True)
def reset_request_counts() -> Iterator[None]:
    throttles.local_counter.windows.clear()
    yield
