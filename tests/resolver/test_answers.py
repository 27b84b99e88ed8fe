"""For every question of the guideline little notes with dates, and the status that follows from them."""

import pytest

from extractor import Screener
from tests.resolver.charts import Row, answer
from tests.resolver.table import TABLE, rows


@pytest.mark.parametrize(("question", "row"), rows())
def test_a_question_is_answered_as_the_guideline_wants(screener: Screener, question: str, row: Row) -> None:
    found = answer(screener, question, *row[1:])
    assert (found.status, found.rationale) == (row[0], found.rationale)


def test_the_table_is_as_long_as_it_has_to_be() -> None:
    assert sum(len(cases) for cases in TABLE.values()) >= 400
