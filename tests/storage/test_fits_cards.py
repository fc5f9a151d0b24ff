from __future__ import annotations

import math
import warnings

import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from armillary.storage.fits.cards import Header, find_end, parse_value

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=150)
VALUES = st.one_of(st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False), TEXT)


def ours(header):
    return Header(header.tostring(endcard=False, padding=False).encode())


@given(st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_-]{0,7}", fullmatch=True), VALUES, max_size=12))
def test_values_are_those_that_astropy_reads(values):
    header = fits.Header()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, value in values.items():
            if key not in ("END", "COMMENT", "HISTORY", "CONTINUE", "HIERARCH", "SIMPLE", "XTENSION"):
                header[key] = value
        text = header.tostring(endcard=False, padding=False)
        read = fits.Header.fromstring(text)
    parsed = Header(text.encode())
    for key in read:
        value = parsed.get(key)
        assert value == read[key]
        assert isinstance(value, bool) == isinstance(read[key], bool)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("+7", 7),
        ("1.5", 1.5),
        ("1.5D3", 1500.0),
        ("-2.d-1", -0.2),
        (".5E1", 5.0),
        ("T", True),
        ("F", False),
        ("", None),
        ("TRUE", None),
        ("(1.0, 2.0)", None),
        ("1_000", None),
        ("0x10", None),
    ],
)
def test_values(text, value):
    parsed = parse_value(text)
    assert parsed == value
    assert type(parsed) is type(value)


def cards(*lines):
    return Header("".join(line.ljust(80) for line in lines).encode("latin-1"))


def test_odd_cards():
    header = cards(
        "HIERARCH ESO DET CHIP = 'a/b'   / comment",
        "QUOTED  = 'it''s / so'          / comment",
        "NOVALUE =                      / comment",
        "NOSLASH = 12",
        "WRONG   5",
        "LONG    = 'abc&'",
        "CONTINUE  'def&'",
        "CONTINUE  ''",
        "LONG    = 'second'",
        "OPEN    = 'never closed",
        "BYTES   = 'caf\xe9'",
        "COMMENT = 5",
    )
    assert header.get("ESO DET CHIP") == "a/b"
    assert header.get("QUOTED") == "it's / so"
    assert header.get("NOVALUE") is None
    assert header.get("NOSLASH") == 12
    assert header.get("WRONG", "x") == "x"
    assert header.get("LONG") == "abcdef"
    assert header.get("OPEN") is None
    assert header.get("MISSING", 3) == 3
    assert "caf?" in header.text
    assert "NOSLASH" in header
    assert "MISSING" not in header


def test_typed_values():
    header = cards("I       = 5", "F       = 5.0", "G       = 5.5", "B       = T", "S       = ' x '", "N       = 1E999")
    assert [header.integer(key) for key in "IFGBSNZ"] == [5, 5, None, None, None, None, None]
    assert [header.number(key, -1) for key in "IFGBSNZ"] == [5, 5, 5.5, -1, -1, -1, -1]
    assert [header.string(key) for key in "ISBZ"] == ["5", "x", "True", ""]
    assert not math.isfinite(header.get("N"))


def test_text_ends_with_end():
    lines = cards("A       = 1").text.split("\n")
    assert [len(line) for line in lines] == [80, 80]
    assert lines[1].rstrip() == "END"


def test_end_stands_at_the_start_of_a_card():
    block = (b"COMMENT END     ".ljust(80) + b"  END   ".ljust(80) + b"END".ljust(80)).ljust(2880)
    assert find_end(block) == 160
    assert find_end(b"ENDING  ".ljust(2880)) is None
