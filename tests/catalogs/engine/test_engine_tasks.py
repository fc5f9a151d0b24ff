"""How many neighbours one task does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.engine.tasks import LEAST_TASKS, grouped

WEIGHTS = st.lists(st.floats(0, 100), max_size=300)


@given(WEIGHTS, st.floats(0, 400))
def test_every_one_is_in_one_task_in_order(weights: list[float], most: float) -> None:
    groups = grouped(weights, most)
    assert [number for group in groups for number in group] == list(range(len(weights)))
    assert all(len(group) == 1 or sum(weights[k] for k in group) <= most * (1 + 1e-9) for group in groups)
    assert len(groups) >= min(len(weights), LEAST_TASKS)


@pytest.mark.parametrize(("count", "most", "tasks"), [(320, 1e9, 32), (320, 5, 64), (31, 1e9, 31), (0, 1.0, 0)])
def test_tasks_are_as_few_as_may_be(count: int, most: float, tasks: int) -> None:
    assert len(grouped([1.0] * count, most)) == tasks
