"""Parameters of requests: names, repeats, numbers, intervals; and the words that errors begin with."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary import errors
from armillary.vo.errors import dali_text, fault, word_of_status
from armillary.vo.parameters import (
    MultiValuedParamError,
    Parameters,
    integer,
    interval,
    number,
    numbers,
    real,
    shown,
)

NAMES = st.text("aAbBcC", min_size=1, max_size=2)


@given(st.lists(st.tuples(NAMES, st.text(max_size=5)), max_size=12), NAMES)
def test_names_have_no_case_and_values_do(pairs, asked: str) -> None:
    found = Parameters(pairs)
    expected = [value for name, value in pairs if name.lower() == asked.lower()]
    assert found.all(asked) == expected
    assert (asked in found) == bool(expected)
    if len(expected) > 1:
        with pytest.raises(MultiValuedParamError, match=asked.upper()):
            found.one(asked)
    else:
        assert found.one(asked) == (expected[0] if expected else None)
    assert set(found) == {name.upper() for name, _ in pairs}


def test_there_are_not_too_many() -> None:
    pairs = [("ID", str(k)) for k in range(10_000)]
    assert len(Parameters(pairs).all("id")) == 10_000
    with pytest.raises(errors.LimitError, match="10000"):
        Parameters([*pairs, ("X", "")])


@given(st.floats(allow_nan=False))
def test_every_number_is_read_as_it_is_written(value: float) -> None:
    text = repr(value)
    assert real("X", text) == value
    if math.isfinite(value):
        assert number("X", f" {text} ") == value


WRONG = ["", " ", "x", "1x", "1 2", "nan", "NaN", "1_000", "0x10", "١", "--1", "1e", ".", "e5", "infin", "+ 1", "1,5"]


@pytest.mark.parametrize("text", [*WRONG, "1e999", "-1e999"])
def test_what_is_no_number_is_refused(text: str) -> None:
    for read in (real, number):
        with pytest.raises(errors.ParameterError, match=r"^X: .*is no number"):
            read("X", text)


@pytest.mark.parametrize("text", ["Inf", "+Inf", "-Inf", "infinity"])
def test_infinity_is_a_bound_only(text: str) -> None:
    assert math.isinf(real("X", text))
    with pytest.raises(errors.ParameterError, match="not finite"):
        number("X", text)


@pytest.mark.parametrize("text", [*WRONG, "1.0", "1e3", "inf", "9" * 19])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    with pytest.raises(errors.ParameterError, match=r"^N: "):
        integer("N", text, 0, 10)


def test_bounds_are_told() -> None:
    with pytest.raises(errors.ParameterError, match="11 is not from 0 to 10"):
        integer("N", "11", 0, 10)
    with pytest.raises(errors.ParameterError, match="91 is not from -90 to 90"):
        number("DEC", "91", -90, 90)
    assert Parameters([("n", "7")]).integer("N", 0, 10) == 7
    assert Parameters([("n", "7.5")]).number("N") == 7.5
    assert Parameters([]).integer("N", 0, 10) is None
    assert Parameters([]).number("N") is None


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_intervals(low: float, high: float) -> None:
    text = f"{low!r} {high!r}"
    if low > high or (low == high and math.isinf(low)):
        with pytest.raises(errors.ParameterError):
            interval("BAND", text)
    else:
        assert interval("BAND", text) == (low, high)
    if math.isfinite(low):
        assert interval("BAND", repr(low)) == (low, low)


@pytest.mark.parametrize("text", ["", "1 2 3", "a b", "nan 1", "1/2", "2 1", "Inf", "Inf Inf", "-Inf -Inf", "1 +Inf x"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(errors.ParameterError, match=r"^TIME: [^\n]*$"):
        interval("TIME", text)


def test_open_intervals() -> None:
    assert interval("BAND", "-Inf 1e-6") == (-math.inf, 1e-6)
    assert interval("BAND", "1e-6 +Inf") == (1e-6, math.inf)
    assert interval("BAND", "-Inf Inf") == (-math.inf, math.inf)
    assert numbers("POS", " 1\t2\n3 ", 3) == (1.0, 2.0, 3.0)


@given(st.text(max_size=300))
def test_what_was_sent_is_quoted_in_one_short_line(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 61
    with pytest.raises(errors.ParameterError) as caught:
        interval("BAND", f"x{text}")
    assert caught.value.message.isprintable()


WORDS = [
    (errors.ParameterError("X", "is wrong"), "UsageError", "UsageFault"),
    (MultiValuedParamError("X", "takes one"), "MultiValuedParamNotSupported", "UsageFault"),
    (errors.UsageError("no"), "UsageError", "UsageFault"),
    (errors.NotFoundError("no"), "UsageError", "NotFoundFault"),
    (errors.LimitError("too much"), "UsageError", "UsageFault"),
    (errors.UnavailableError("later"), "ServiceUnavailable", "TransientFault"),
    (errors.CorruptFileError("a.fits", "is damaged"), "ServiceUnavailable", "TransientFault"),
    (errors.VersionGoneError("changed"), "ServiceUnavailable", "TransientFault"),
    (errors.ConfigurationError("not set up"), "Error", "FatalFault"),
]


@pytest.mark.parametrize(("error", "word", "fault_word"), WORDS)
def test_errors_begin_with_the_word_of_their_class(error, word: str, fault_word: str) -> None:
    assert dali_text(error) == f"{word}: {error.message}\n"
    assert fault(error) == f"{fault_word}: {error.message}"


def test_nothing_is_told_of_what_nobody_expected() -> None:
    assert dali_text(ZeroDivisionError("/srv/secret.py")) == "Error: Something unexpected failed.\n"
    assert "secret" not in fault(OSError("/srv/secret.py"))


def test_a_message_is_one_line() -> None:
    assert dali_text(errors.UsageError("a\nb\t c")) == "UsageError: a b c\n"


def test_words_of_statuses() -> None:
    expected = {
        400: "UsageError", 401: "AuthenticationError", 403: "AuthorizationError", 404: "UsageError", 405: "UsageError",
        413: "UsageError", 429: "ServiceUnavailable", 500: "Error", 503: "ServiceUnavailable",
    }  # fmt: skip
    assert {status: word_of_status(status) for status in expected} == expected
