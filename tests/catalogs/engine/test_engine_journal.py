"""Journals, outputs, stages: nothing is lost, nothing is overwritten, nothing is done twice."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from armillary.catalogs.engine import journal as journal_module
from armillary.catalogs.engine.journal import PLAN, Journal
from armillary.catalogs.engine.output import LOCK, WORK, FileOutput, Output, plan_of
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.engine.tasks import Stages, Task, Threads
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.errors import UnreadableFileError, UsageError

PLAN_A, PLAN_B = {"work": "a"}, {"work": "b"}


def test_what_was_done_is_known_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "journal")
    first = Journal(folder, PLAN_A)
    first.note("read", "3", {"rows": 7})
    again = Journal(folder, PLAN_A)
    assert (first.resumed, again.resumed, again.done("read"), again.done("write")) == (
        False,
        True,
        {"3": {"rows": 7}},
        {},
    )
    with pytest.raises(UsageError, match="other arguments"):
        Journal(folder, PLAN_B)
    assert not Journal(folder, PLAN_B, resume=False).done("read")


def test_a_plan_of_which_nothing_was_done_gives_way(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "journal")
    Journal(folder, PLAN_A).note("output", "begun", result=True)
    other = Journal(folder, PLAN_B)
    assert (other.resumed, other.done("output")) == (False, {})
    assert Journal(folder, PLAN_B).resumed


@pytest.mark.parametrize(("name", "other"), [("__version__", "0.0.9"), ("FORM", journal_module.FORM + 1)])
def test_work_of_another_version_is_not_gone_on_with(tmp_path: Path, monkeypatch: Any, name: str, other: Any) -> None:
    folder = Folder(tmp_path / "journal")
    Journal(folder, PLAN_A).note("read", "3", 1)
    with monkeypatch.context() as patch:
        patch.setattr(journal_module, name, other)
        with pytest.raises(UsageError, match=r"another version of the program.* \(--no-resume\)\.$"):
            Journal(folder, PLAN_A)
    assert Journal(folder, PLAN_A).done("read") == {"3": 1}
    monkeypatch.setattr(journal_module, name, other)
    assert not Journal(folder, PLAN_A, resume=False).done("read")
    assert Journal(folder, PLAN_A).resumed


def test_results_without_a_plan_belong_to_nobody(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "journal")
    Journal(folder, PLAN_A).note("read", "3", 1)
    folder.remove(PLAN)
    assert not Journal(folder, PLAN_A).done("read")


def double(context: int, argument: int) -> int:
    if argument == 13:
        raise ValueError("thirteen")
    return context * argument


def test_a_stage_does_what_is_left(tmp_path: Path) -> None:
    journal = Journal(Folder(tmp_path), PLAN_A)
    journal.note("s", "1", "known")
    engine = Threads(2)
    tasks = [Task(str(k), k) for k in range(12)]
    stages = Stages(engine=engine, told=Progress(), journal=journal)
    try:
        found = stages.run("s", double, 2, tasks)
        assert found == {str(k): 2 * k for k in range(12)} | {"1": "known"}
        assert journal.done("s") == dict(found)
        with pytest.raises(ValueError, match="thirteen"):
            stages.run("t", double, 2, [Task(str(k), k) for k in range(30)])
        assert "13" not in journal.done("t")
    finally:
        engine.close()


def output(folder: Path, **words: Any) -> Output:
    return Output(Folder(folder), words.pop("tmp_dir", None), **{"overwrite": False, "resume": True, **words})


def make(folder: Path, plan: dict[str, str] = PLAN_A, **words: Any) -> None:
    with output(folder, **words).making(plan, None, None) as making:
        making.work.write("half", b"")
        making.write(write_partition, (making.data, plan["work"]), [Task("1", "x")])
        making.folder.write(names.PROPERTIES, b"a=b\n")


def write_partition(where: tuple[Folder, str], name: str) -> int:
    where[0].write(name, where[1].encode())
    return 1


def stopped(folder: Path, plan: dict[str, str] = PLAN_A, **words: Any) -> None:
    with (  # noqa: PT012 - what lies there when it stops is what is tested
        pytest.raises(RuntimeError),
        output(folder, **words).making(plan, None, None) as making,
    ):
        making.write(write_partition, (making.data, "half"), [Task("1", "x")])
        making.journal.note("s", "1", 1)
        raise RuntimeError


@pytest.mark.parametrize("where", ["inside", "beside"])
def test_an_output_is_whole_and_without_work(tmp_path: Path, where: str) -> None:
    folder, tmp = tmp_path / "c", tmp_path / "tmp" if where == "beside" else None
    make(folder, tmp_dir=tmp)
    assert sorted(Folder(folder).files()) == ["dataset/x", names.PROPERTIES]
    assert not (folder / WORK).exists()
    assert tmp is None or not list(tmp.iterdir())


def test_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="something else"):
            make(tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_catalog_is_replaced_only_where_that_is_said(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "dataset" / "old").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="there is a catalog already"):
        make(tmp_path, PLAN_B)
    make(tmp_path, PLAN_B, overwrite=True)
    assert (tmp_path / "dataset" / "x").read_text() == "b"
    assert not (tmp_path / "dataset" / "old").exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_catalog_stays_until_another_one_is_written(tmp_path: Path) -> None:
    make(tmp_path)
    for plan in (PLAN_A, PLAN_B):
        with (  # noqa: PT012 - what lies there when it stops is what is tested
            pytest.raises(RuntimeError),
            output(tmp_path, overwrite=True).making(plan, None, None) as making,
        ):
            making.work.write("half", b"")
            making.run("read", pow, 2, [Task("1", 3)])
            raise RuntimeError
        assert (tmp_path / "dataset" / "x").read_text() == "a"
        assert (tmp_path / names.PROPERTIES).exists()
        with pytest.raises(UsageError, match="there is a catalog already"):
            make(tmp_path, plan)
    make(tmp_path, PLAN_B, overwrite=True)
    assert (tmp_path / "dataset" / "x").read_text() == "b"


def test_a_catalog_that_is_done_is_not_taken_for_half_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_: Folder) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "remove_all", killed)
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path)
    assert (tmp_path / WORK).exists()
    with pytest.raises(UsageError, match="there is a catalog already"):
        make(tmp_path)
    assert not (tmp_path / WORK).exists()
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "remove_all", killed)
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path, overwrite=True)
    make(tmp_path, overwrite=True)
    assert sorted(Folder(tmp_path).files()) == ["dataset/x", names.PROPERTIES]


def test_stopped_work_is_gone_on_with_or_refused(tmp_path: Path) -> None:
    stopped(tmp_path)
    with pytest.raises(UsageError, match="other arguments"):
        make(tmp_path, PLAN_B)
    with output(tmp_path).prepared(PLAN_A) as (_, _, journal):
        assert journal.done("s") == {"1": 1}


def test_stopped_work_is_thrown_away_where_that_is_said(tmp_path: Path) -> None:
    stopped(tmp_path)
    (tmp_path / "dataset" / "stale").write_text("")
    make(tmp_path, PLAN_B, resume=False)
    assert sorted(Folder(tmp_path).files()) == ["dataset/x", names.PROPERTIES]


def test_a_finished_catalog_whose_work_lies_there_is_gone_on_with(tmp_path: Path) -> None:
    stopped(tmp_path)
    (tmp_path / names.PROPERTIES).write_text("a=b\n")
    make(tmp_path)
    assert not (tmp_path / WORK).exists()


def test_replacing_goes_on_where_it_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    (tmp_path / "dataset" / "old").write_text("old")

    remove = Folder.remove

    def killed(self: Folder, name: str) -> None:
        if self.name != LOCK:
            raise KeyboardInterrupt
        remove(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path, PLAN_B, overwrite=True)
    make(tmp_path, PLAN_B, overwrite=True)
    assert not (tmp_path / "dataset" / "old").exists()


def test_the_time_of_making_is_no_part_of_a_plan(tmp_path: Path, sky: Any, hats_of: Any) -> None:
    catalog = hats_of(tmp_path, "c", sky(1, 50), words={"hats_creation_date": "2026-01-01T00:00UTC"})
    first = plan_of("margin", catalog, threshold=1)
    path = tmp_path / "c" / names.PROPERTIES
    path.write_text(path.read_text().replace("2026-01-01T00:00UTC", "2027-01-01T00:00UTC"))
    again = open_catalog(tmp_path / "c")
    assert again.properties["hats_creation_date"].startswith("2027")
    assert plan_of("margin", again, threshold=1) == first != plan_of("margin", again, threshold=2)
    assert plan_of("margin", hats_of(tmp_path, "c", sky(2, 51)), threshold=1) != first


def test_progress_as_lines_of_json() -> None:
    out = io.StringIO()
    told = Progress("json", out=out)
    with told.stage("read", 10) as more:
        more(10)
    told.say("done")
    events = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [event["event"] for event in events] == ["start", "end", "message"]
    assert (events[1]["done"], events[1]["total"], events[1]["left_s"]) == (10, 10, 0.0)


def test_progress_as_plain_lines_and_not_at_all() -> None:
    out = io.StringIO()
    for form in ("plain", "none"):
        told = Progress(form, out=out)
        with told.stage("read", 1000) as more:
            more(1000)
        told.say("done")
    assert out.getvalue().startswith("read: 1,000 of 1,000 rows in ")
    assert out.getvalue().endswith("done\n")


def test_devices_pipes_and_folders_are_no_files_to_replace(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("pipe.csv", "folder.csv"):
        output = FileOutput(Folder(tmp_path), name, None, overwrite=True, resume=False)
        with pytest.raises(UsageError, match=f"{name}: this is no file"), output.prepared(PLAN_A, kept=False):
            pass
    assert (tmp_path / "pipe.csv").is_fifo()


def test_an_output_inside_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    output = Output(Folder(tmp_path / "file" / "sky"), None, overwrite=True, resume=True)
    with (
        pytest.raises(UnreadableFileError, match=r"^sky: cannot be written: Not a directory\.$"),
        output.prepared(PLAN_A),
    ):
        pass
    assert (tmp_path / "file").read_text() == "precious"
