"""What every reader of tables must do: subclass ``TableConformance``, say how to make one, and run it with pytest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.fields import dtype_word
from armillary.catalogs.table import Table
from armillary.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

Content = dict[str, list[Any]]


class TableConformance(ABC):
    """Tests of the contract. ``content`` is what the table must hold; None stands for a missing value."""

    @abstractmethod
    def store(self, folder: Path, content: Content) -> Any:
        """Put ``content`` where the reader reads it, over what was there; return what ``open`` takes."""

    @abstractmethod
    def open(self, place: Any) -> Table:
        """Table of what was stored."""

    def remove(self, place: Any) -> None:
        """Take away what was stored."""
        place.unlink()

    reads_later = True
    """Whether columns are read from the file when they are asked for."""

    @pytest.fixture
    def content(self) -> Content:
        """Positions over the whole sky, numbers, and text with missing values and characters of all kinds."""
        rng = np.random.default_rng(9)
        count = 700
        words = ["M 31", "α Cen", "a,b", 'say "so"', "x" * 60]
        return {
            "ra": rng.uniform(0, 360, count).tolist(),
            "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, count))).tolist(),
            "mag": [None if k % 11 == 3 else round(float(v), 4) for k, v in enumerate(rng.normal(15, 3, count))],
            "number": [int(v) for v in rng.integers(-(2**31), 2**31, count)],
            "name": [None if k % 13 == 5 else f"{words[k % 5]} {k}" for k in range(count)],
        }

    @pytest.fixture
    def place(self, tmp_path: Path, content: Content) -> Any:
        """Where the content lies."""
        return self.store(tmp_path, content)

    def test_is_a_table(self, place: Any, content: Content) -> None:
        """It has all that the contract names."""
        table = self.open(place)
        assert isinstance(table, Table)
        assert "/" not in table.name
        assert table.count == len(content["ra"])
        assert [field.name for field in table.fields] == list(content)
        assert table.nbytes > 0

    def test_columns_are_those_of_the_content(self, place: Any, content: Content) -> None:
        """Every value is what was stored, and of the type that its field says."""
        table = self.open(place)
        for field in table.fields:
            column = table.column(field.name)
            assert dtype_word(column.type) == field.dtype
            assert [_plain(value) for value in column.to_pylist()] == pytest.approx(content[field.name], nan_ok=True)
        assert [field.numeric for field in table.fields] == [True, True, True, True, False]
        assert table.fields[4].is_text

    def test_rows_are_those_of_the_columns(self, place: Any, content: Content) -> None:
        """Rows in any order, twice or none at all, are those of the columns."""
        table = self.open(place)
        names = ["name", "mag", "ra"]
        for rows in ([5, 699, 0, 5], [], [17], list(range(100, 300))):
            taken = table.take(names, np.array(rows, np.int64))
            assert set(taken) == set(names)
            for name in names:
                values = [_plain(value) for value in taken[name].to_pylist()]
                assert values == pytest.approx([content[name][row] for row in rows], nan_ok=True)

    def test_reads_from_many_threads(self, place: Any, content: Content) -> None:
        """Threads that read at once get what is theirs."""
        table = self.open(place)
        names = list(content) * 4
        with ThreadPoolExecutor(8) as pool:
            columns = list(pool.map(lambda name: (name, table.column(name).to_pylist()), names))
        for name, values in columns:
            assert [_plain(value) for value in values] == pytest.approx(content[name], nan_ok=True)

    def test_its_positions_are_found(self, place: Any, content: Content) -> None:
        """A catalog of it has every source at its place."""
        catalog = Catalog(self.open(place))
        np.testing.assert_allclose(catalog.ra, content["ra"], rtol=1e-15)
        np.testing.assert_allclose(catalog.dec, content["dec"], rtol=1e-15)
        assert catalog.skipped.total == 0
        assert len(catalog.index) == catalog.count
        assert catalog.name_field is not None
        assert catalog.name_field.name == "name"

    def test_one_row_and_none(self, tmp_path: Path, content: Content) -> None:
        """Tables of one row and of none are tables."""
        for count in (1, 0):
            table = self.open(self.store(tmp_path, {name: values[:count] for name, values in content.items()}))
            assert table.count == count
            assert [field.name for field in table.fields] == list(content)
            assert len(table.column("ra")) == count

    def test_a_file_that_changed_is_not_mixed(self, tmp_path: Path, place: Any, content: Content) -> None:
        """Once the file has other bytes, columns are those that were opened, or refused."""
        table = self.open(place)
        self.store(tmp_path, {name: values[::-1][:50] for name, values in content.items()})
        try:
            values = table.column("number").to_pylist()
        except Exception as error:  # noqa: BLE001 - any error of ours
            assert type(error).__module__ == "armillary.errors"  # noqa: PT017
            assert self.reads_later
        else:
            assert values == content["number"]

    def test_vanished(self, place: Any) -> None:
        """A file that is gone is said so in one line without its folder."""
        self.remove(place)
        with pytest.raises(FileError) as caught:
            self.open(place)
        assert "/" not in caught.value.message
        assert "\n" not in caught.value.message


def _plain(value: Any) -> Any:
    """NaN as None: some formats have no other way to say that a number is missing."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124
