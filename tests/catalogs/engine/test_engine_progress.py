"""How far work is: a unit for each stage, and the time left; on a terminal, in a log, for programs."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import csv

from armillary.catalogs import import_catalog, make_index, search_catalog
from armillary.catalogs.engine import progress as progress_module
from armillary.catalogs.engine.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def told_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines whenever something was done."""
    monkeypatch.setattr(progress_module, "LINE_SECONDS", 0.0)


@pytest.mark.parametrize("form", ["auto", "bar"])
def test_a_bar_on_a_terminal(form: str) -> None:
    out = Terminal()
    told = Progress(form, out=out)
    with told.stage("read", 3 << 20, "bytes") as more:
        more(1 << 20)
        more(2 << 20)
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", out.getvalue())
    last = text.replace("\r", "\n").strip().splitlines()[-1]
    assert re.search(r"read .*3\.0 of 3\.0 MiB .*left", last), last


def test_lines_where_there_is_no_terminal(told_always: None) -> None:
    out = io.StringIO()
    told = Progress("auto", out=out)
    with told.stage("write", 4000) as more:
        more(1000)
        more(3000)
    with told.stage("read", 700, "bytes") as more:
        more(700)
    lines = out.getvalue().splitlines()
    assert re.fullmatch(r"write: 1,000 of 4,000 rows in [\d.]+ s, [\d.]+ s left", lines[0])
    assert re.fullmatch(r"write: 4,000 of 4,000 rows in [\d.]+ s", lines[2])
    assert lines[-1].startswith("read: 700 of 700 bytes in ")
    assert "\x1b" not in out.getvalue()


def test_lines_of_json_say_what_they_count(
    told_always: None, tmp_path: Path, sky: Callable[..., Any], capfd: pytest.CaptureFixture[str]
) -> None:
    csv.write_csv(sky(3, 1200), tmp_path / "a.csv")
    where: dict[str, Any] = {"output_path": tmp_path, "progress_bar": "json"}
    import_catalog(
        input_paths=[tmp_path / "a.csv"],
        output_artifact_name="sky",
        pixel_threshold=200,
        margin_threshold=60.0,
        **where,
    )
    sky_path = tmp_path / "sky"
    make_index(input_catalog_path=sky_path, output_artifact_name="by_id", indexing_column="id", **where)
    search_catalog(input_catalog_path=sky_path, output=tmp_path / "f.csv", resume=True, progress_bar="json")
    events = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    stages = [event for event in events if event["event"] == "end"]
    assert [(stage["stage"], stage["unit"]) for stage in stages] == [
        ("read", "bytes"), ("write", "rows"), ("select", "rows"), ("write", "rows"),
        ("read", "rows"), ("cut", "rows"), ("write", "rows"), ("search", "rows"), ("write", "rows"),
    ]  # fmt: skip
    assert all(stage["done"] == stage["total"] and stage["left_s"] == 0.0 for stage in stages if stage["total"])
    under_way = [event for event in events if event["event"] == "progress"]
    assert all(event["left_s"] is not None and event["elapsed_s"] >= 0.0 for event in under_way)
    assert any(0 < event["done"] < event["total"] and event["left_s"] > 0.0 for event in under_way)
    assert {event["event"] for event in events} == {"message", "start", "progress", "end"}
