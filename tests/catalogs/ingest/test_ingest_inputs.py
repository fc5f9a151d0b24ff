"""Inputs: cut into pieces of about the same size, and those that cannot even be looked at."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs import convert_catalog, import_catalog, make_margin, open_catalog
from armillary.catalogs.engine.journal import Journal
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.writing import Writing
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.inputs import LEAST_BYTES, InputFile, Part, cut, find_inputs
from armillary.catalogs.ingest.parts import Reading, parts_of
from armillary.errors import ArmillaryError, FileError, ParameterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


@given(st.lists(st.lists(st.integers(1, 300 << 20), min_size=1, max_size=5), min_size=1, max_size=60))
def test_small_files_are_put_together_and_parts_of_huge_ones_are_not(weights: list[list[int]]) -> None:
    files = [InputFile(Folder("/nowhere"), str(number), sum(parts)) for number, parts in enumerate(weights)]
    given_parts = [
        [Part(file, "csv", weight=weight) for weight in parts] for file, parts in zip(files, weights, strict=True)
    ]
    most = 96 << 20
    pieces = cut(given_parts, most)
    assert [part for piece in pieces for part in piece.parts] == [part for parts in given_parts for part in parts]
    assert [piece.number for piece in pieces] == list(range(len(pieces)))
    for piece in pieces:
        assert len(piece.parts) == 1 or piece.weight <= most
    for one, two in pairwise(pieces):
        single = all(len(weights[int(part.file.name)]) == 1 for part in (*one.parts, *two.parts))
        assert not single or one.weight + two.weight > LEAST_BYTES


def test_a_huge_file_is_cut_and_many_small_ones_are_not(tmp_path: Path, sky: Callable[..., Any]) -> None:
    pq.write_table(sky(1, 20_000), tmp_path / "huge.parquet", row_group_size=500)
    for number in range(40):
        pq.write_table(sky(number, 20), tmp_path / f"small-{number:02}.parquet")
    arguments = ImportArguments(
        input_paths=[tmp_path], output_path=tmp_path, output_artifact_name="x", piece_bytes=100_000
    )
    files = find_inputs([tmp_path], {})
    pieces = cut([list(parts_of(file, Reading(arguments))) for file in files], arguments.piece_bytes)
    own = [{part.file.name for part in piece.parts} for piece in pieces]
    assert sum(names == {"huge.parquet"} for names in own) >= 8
    assert sum("huge.parquet" not in names for names in own) <= 3
    assert max(piece.weight for piece in pieces) <= 2 * arguments.piece_bytes


@pytest.fixture
def gone(tmp_path: Path, sky: Callable[..., Any]) -> Path:
    """A folder with a table, and a link that leads nowhere."""
    (tmp_path / "in").mkdir()
    pq.write_table(sky(1, 300), tmp_path / "in" / "a.parquet")
    (tmp_path / "in" / "b.parquet").symlink_to(tmp_path / "nothing")
    return tmp_path


def test_a_file_that_cannot_be_looked_at_stops_or_is_left_out(gone: Path, caplog: pytest.LogCaptureFixture) -> None:
    words: dict[str, Any] = {"input_paths": [gone / "in"], "output_path": gone, "output_artifact_name": "sky"}
    with pytest.raises(FileError, match=r"^b\.parquet: is not there\.$"):
        import_catalog(**words)
    made = import_catalog(**words, on_error="skip", resume=False)
    assert (made.rows, made.properties["armillary_inputs_left_out"]) == (300, "1")
    assert any(message.startswith("left out: b.parquet: is not there") for message in caplog.messages)


def test_a_file_that_may_not_be_read_stops_or_is_left_out(
    gone: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who runs tests may read everything: the refusal of the system is put in its place."""
    (gone / "in" / "b.parquet").unlink()
    (gone / "in" / "c.csv").write_text("ra,dec\n1,2\n")
    opened = Folder.open

    def refused(self: Folder, name: str) -> Any:
        if name == "c.csv":
            raise PermissionError(13, "Permission denied", self.path(name))
        return opened(self, name)

    monkeypatch.setattr(Folder, "open", refused)
    words: dict[str, Any] = {"input_paths": [gone / "in"], "output_path": gone, "output_artifact_name": "sky"}
    with pytest.raises(FileError, match=r"^c\.csv: cannot be read: Permission denied\.$"):
        import_catalog(**words)
    assert import_catalog(**words, on_error="skip", resume=False).rows == 300
    assert any(message.startswith("left out: c.csv: ") for message in caplog.messages)


def test_inputs_that_changed_are_not_gone_on_with(gone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gone / "in" / "b.parquet").unlink()
    words: dict[str, Any] = {"input_paths": [gone / "in"], "output_path": gone, "output_artifact_name": "sky"}
    note = Journal.note
    with monkeypatch.context() as patched:

        def stopped(self: Journal, stage: str, key: str, result: Any) -> None:
            note(self, stage, key, result)
            if stage == "write":
                raise KeyboardInterrupt

        patched.setattr(Journal, "note", stopped)
        with pytest.raises(KeyboardInterrupt):
            import_catalog(**words)
    table = pq.read_table(gone / "in" / "a.parquet")
    pq.write_table(table.slice(1), gone / "in" / "a.parquet")
    with pytest.raises(Exception, match="other arguments or other input"):
        import_catalog(**words)
    assert import_catalog(**words, resume=False).rows == 299


@pytest.mark.parametrize("how", [Writing("zstd", 1, 70), Writing("snappy", None, 40), Writing("gzip", 9, 1000)])
def test_files_are_written_as_they_are_asked_for(how: Writing, tmp_path: Path, sky: Callable[..., Any]) -> None:
    pq.write_table(sky(1, 300), tmp_path / "a.parquet")
    made = import_catalog(
        input_paths=[tmp_path / "a.parquet"], output_path=tmp_path, output_artifact_name="sky", writing=how
    )
    for path in Path(made.folder.address).rglob("Npix=*.parquet"):
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        assert all(group.num_rows == how.row_group_rows for group in groups[:-1])
        assert groups[-1].num_rows <= how.row_group_rows
        assert {group.column(0).compression.lower() for group in groups} == {how.compression}


def test_work_that_lies_in_a_folder_is_no_input(gone: Path) -> None:
    for name in (".armillary-work", "_temporary"):
        (gone / "in" / name).mkdir()
        (gone / "in" / name / "plan.json").write_text("{}")
    assert {file.name for file in find_inputs([gone / "in"], {})} == {"a.parquet", "b.parquet"}


def test_what_was_wrong_with_the_arguments_is_put_right_with_the_same_command(gone: Path, tmp_path: Path) -> None:
    (gone / "in" / "b.parquet").unlink()
    words: dict[str, Any] = {"input_paths": [gone / "in"], "output_path": tmp_path, "output_artifact_name": "again"}
    assert import_catalog(**words).rows == 300
    for wrong in (
        {"ra_column": "alpha", "dec_column": "delta"},
        {"margin_threshold": -1.0},
        {"expected_total_rows": 7},
        {"sort_columns": ["none"]},
    ):
        with pytest.raises(ArmillaryError):
            import_catalog(**words, **wrong, overwrite=True)
        # What is known to be wrong before anything is written costs no catalog.
        assert open_catalog(tmp_path / "again").rows == 300
        assert list((tmp_path / "again" / "dataset").rglob("Npix=*"))
    assert import_catalog(**words, overwrite=True).rows == 300


def test_no_catalog_takes_the_place_of_its_input(gone: Path, tmp_path: Path) -> None:
    (gone / "in" / "b.parquet").unlink()
    words: dict[str, Any] = {"output_path": tmp_path, "overwrite": True}
    made = import_catalog(input_paths=[gone / "in"], output_artifact_name="sky", **words)
    (tmp_path / "link").symlink_to(tmp_path / "sky")
    with pytest.raises(UsageError, match="link: its input lies there"):
        make_margin(input_catalog_path=tmp_path / "sky", output_artifact_name="link", **words)
    with pytest.raises(UsageError, match="sky: its input lies there"):
        import_catalog(
            input_paths=[tmp_path / "sky" / "dataset"], output_artifact_name="sky", columns=["id", "ra", "dec"], **words
        )
    with pytest.raises(UsageError, match="its input lies there"):
        convert_catalog(input_catalog_path=tmp_path / "sky", output_artifact_name="sky", pixel_threshold=9, **words)
    assert open_catalog(tmp_path / "sky").rows == made.rows == 300


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"row_group_rows": 0}, "row_group_rows: is 0"),
        ({"compression": "zip"}, "compression: 'zip' is none of zstd"),
        ({"level": 23}, "compression_level: is 23: zstd has 1 to 22"),
        ({"compression": "gzip"}, "compression_level: is 15: gzip has 1 to 9"),
    ],
    ids=range(4),
)
def test_ways_of_writing_that_there_are_not(words: dict[str, Any], message: str) -> None:
    assert Writing("snappy").level == 15
    with pytest.raises(ParameterError, match=message):
        Writing(**words)
