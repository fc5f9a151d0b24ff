"""Properties files: what Java's Properties would read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.hats.properties import read_properties, write_properties
from armillary.errors import CorruptFileError

NO_BREAKS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), max_size=30)


@given(st.dictionaries(NO_BREAKS.filter(bool), NO_BREAKS, max_size=8))
def test_what_is_written_is_read(words: dict[str, str]) -> None:
    assert read_properties("p", write_properties(words)) == words


@given(st.text(st.sampled_from("a=:# !\\\t\n\r\f\u0085\u2028é"), min_size=1, max_size=12))
def test_letters_with_a_meaning_are_escaped(text: str) -> None:
    assert read_properties("p", write_properties({"key": text + "."})) == {"key": text + "."}
    assert list(read_properties("p", write_properties({text + ".": "value"}))) == [text + "."]


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("a=b", ("a", "b")),
        ("a = b ", ("a", "b")),
        ("a: b", ("a", "b")),
        ("a b", ("a", "b")),
        ("a", ("a", "")),
        ("a=b=c", ("a", "b=c")),
        (r"a\ b\:c\=d=e", ("a b:c=d", "e")),
        (r"a=\u00e9\u4e2d", ("a", "é中")),
        (r"a=\u00zz", ("a", "u00zz")),
        (r"a=x\ty\\z\q", ("a", "x\ty\\zq")),
        ("a=b\\\n   c", ("a", "bc")),
        ("a=b\\\\\nc=d", ("a", "b\\")),
        ("   a=b", ("a", "b")),
    ],
    ids=range(13),
)
def test_lines_are_read_as_java_reads_them(line: str, pair: tuple[str, str]) -> None:
    words = read_properties("p", f"# comment\n! comment\n\n{line}\n".encode())
    assert next(iter(words.items())) == pair


def test_none_is_left_out_and_lists_are_joined() -> None:
    assert read_properties("p", write_properties({"a": None, "b": [1, 2], "c": 3.5})) == {"b": "1 2", "c": "3.5"}


def test_older_bytes_are_latin() -> None:
    assert read_properties("p", b"a=caf\xe9\n") == {"a": "café"}


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(CorruptFileError, match="no text"):
        read_properties("p", b"a=\0")
    with pytest.raises(CorruptFileError, match="larger"):
        read_properties("p", b"#" * ((1 << 20) + 1))
