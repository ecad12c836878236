from collections.abc import Iterator

import pytest

from recognizer.services.limits import throttles


@pytest.fixture(autouse=True)
def nobody_has_asked_yet() -> Iterator[None]:
    throttles.local_counter.windows.clear()
    yield
