"""The database itself: versions, modes, many processes, no traces of addresses."""

from __future__ import annotations

import multiprocessing
import os
import stat
import sys
from pathlib import Path

import pytest

from armillary.accounts import schema
from armillary.accounts.database import Database, default_path
from armillary.accounts.people import People
from armillary.accounts.throttle import BY_USER, Throttle
from armillary.errors import ConfigurationError, UnavailableError


def test_only_the_owner_may_read_it(database) -> None:
    People(database).add("alice", "correct horse")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in database.file.parent.glob("accounts.sqlite*")}
    assert set(modes.values()) == {0o600}
    with database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize(
    ("environment", "platform", "end"),
    [
        ({"XDG_DATA_HOME": "/data"}, "linux", "/data/armillary/accounts.sqlite"),
        ({}, "linux", ".local/share/armillary/accounts.sqlite"),
        ({}, "darwin", "Library/Application Support/armillary/accounts.sqlite"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/armillary/accounts.sqlite"),
    ],
)
def test_the_place_of_the_platform(environment, platform, end) -> None:
    assert default_path(environment, platform).as_posix().endswith(end)


@pytest.mark.parametrize("form", ["{path}", "sqlite:///{path}"])
def test_a_path_and_an_address_are_the_same(tmp_path, cheap_hashes, form) -> None:
    path = tmp_path / "deep" / "er" / "a.db"
    one = Database(str(path))
    People(one).add("alice", None)
    other = Database(form.format(path=path))
    assert other.file == path
    assert [user.name for user in People(other).users()] == ["alice"]
    one.close()
    other.close()


def test_a_newer_database_is_refused(database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE armillary SET version = {schema.VERSION + 1}")
    database.close()
    with pytest.raises(ConfigurationError, match="newer release"):
        People(Database(str(database.file))).users()


def test_an_older_database_is_brought_up_to_date_once(database, monkeypatch) -> None:
    People(database).add("alice", None)
    database.close()
    steps = []
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 2)
    for k in range(2):
        monkeypatch.setitem(schema.STEPS, schema.VERSION - 2 + k, lambda connection, k=k: steps.append(k))
    for _ in range(2):
        again = Database(str(database.file))
        assert [user.name for user in People(again).users()] == ["alice"]
        again.close()
    assert steps == [0, 1]


def test_a_step_that_fails_leaves_the_old_version(database, monkeypatch) -> None:
    People(database).add("alice", None)
    database.close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)

    def broken(connection) -> None:
        connection.exec_driver_sql("DELETE FROM users")
        raise RuntimeError("half way")

    monkeypatch.setitem(schema.STEPS, schema.VERSION - 1, broken)
    with pytest.raises(RuntimeError):
        People(Database(str(database.file))).users()
    monkeypatch.undo()
    kept = Database(str(database.file))
    assert [user.name for user in People(kept).users()] == ["alice"]
    kept.close()


def test_what_is_no_database_is_said_so(tmp_path, caplog) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is no database, and it is longer than a header of SQLite " * 100)
    with pytest.raises(UnavailableError) as told:
        People(Database(str(path))).users()
    assert str(tmp_path) not in told.value.message
    if os.geteuid():
        with pytest.raises(ConfigurationError, match="accounts_database"):
            People(Database("/proc/none/a.sqlite")).users()


@pytest.mark.parametrize("address", ["nonsense://u:hush@h/d", "postgresql+nodriver://u:hush@h/d", "://hush"])
def test_an_address_that_cannot_be_used_is_not_told_on(address: str) -> None:
    with pytest.raises(ConfigurationError, match="accounts_database") as told:
        People(Database(address)).users()
    assert "hush" not in told.value.message


def _add(path: str, first: int, count: int) -> None:
    from armillary.accounts.people import People

    database = Database(path)
    people = People(database)
    people.add_group(f"group{first}")
    for k in range(first, first + count):
        people.add(f"user{k}", None)
        people.join(f"user{k}", f"group{first}")
    database.close()


def _guess(path: str, free: object) -> None:
    database = Database(path)
    throttle = Throttle(database, lambda: 1_800_000_000.0)
    for _ in range(20):
        if throttle.attempt("alice", "10.0.0.1") == 0:
            with free.get_lock():
                free.value += 1
    database.close()


@pytest.mark.skipif(sys.platform == "win32", reason="spawned processes cannot import this module there")
def test_several_processes_write_at_once(tmp_path: Path) -> None:
    path, context = str(tmp_path / "a.sqlite"), multiprocessing.get_context("fork")
    # The parent's engine is there before the fork: children make their own.
    parent = Database(path)
    assert People(parent).users() == []
    crew = [context.Process(target=_add, args=(path, 100 * k, 10)) for k in range(4)]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    assert [process.exitcode for process in crew] == [0] * 4
    assert len(People(parent).users()) == 40
    assert [len(group.members) for group in People(parent).groups()] == [10] * 4
    parent.close()


@pytest.mark.skipif(sys.platform == "win32", reason="spawned processes cannot import this module there")
def test_guessing_in_many_processes_gains_nothing(tmp_path: Path) -> None:
    path, context = str(tmp_path / "a.sqlite"), multiprocessing.get_context("fork")
    free = context.Value("i", 0)
    crew = [context.Process(target=_guess, args=(path, free)) for _ in range(4)]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    assert free.value == BY_USER.free


def test_a_new_database_is_made_by_several_at_once(tmp_path: Path) -> None:
    import threading

    path, failed = str(tmp_path / "a.sqlite"), []

    def look() -> None:
        try:
            database = Database(path)
            People(database).users()
            database.close()
        except Exception as error:
            failed.append(error)

    crew = [threading.Thread(target=look) for _ in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert failed == []
