"""Messages of bounds tell those that matter."""

from __future__ import annotations

import pytest

from armillary.errors import ParameterError
from armillary.vo.parameters import Parameters


def test_a_bound_that_nobody_meets_is_not_told() -> None:
    with pytest.raises(ParameterError, match=r"^MAXREC: -1 is not 0 or more\.$"):
        Parameters([("maxrec", "-1")]).integer("MAXREC", 0, 1 << 62)


def test_a_bound_that_matters_is() -> None:
    with pytest.raises(ParameterError, match=r"^VERB: 9 is not from 1 to 3\.$"):
        Parameters([("VERB", "9")]).integer("VERB", 1, 3)
