"""The screener that the resolver's tests share."""

import pytest

from extractor import Screener
from tests.resolver.charts import Remembering


@pytest.fixture(scope="module")
def screener() -> Screener:
    """The screener of the default trial, which remembers the notes it has read."""
    made = Screener()
    made.extractor = Remembering()
    return made
