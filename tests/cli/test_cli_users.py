"""``armillary users``, as a person and a script use it."""

from __future__ import annotations

import io
import json
import sys

import pytest

from armillary.accounts import passwords
from armillary.accounts.database import Database
from armillary.accounts.people import People
from armillary.accounts.tokens import Tokens
from armillary.cli.main import main


@pytest.fixture
def users(tmp_path, monkeypatch, capsys):
    """Run the command on a database of its own: exit status, output, errors."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    passwords.hasher.cache_clear()
    monkeypatch.setenv("ARMILLARY_ACCOUNTS_DATABASE", str(tmp_path / "accounts.sqlite"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        status = main(["users", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    yield run
    passwords.hasher.cache_clear()


@pytest.fixture
def people(tmp_path):
    database = Database(str(tmp_path / "accounts.sqlite"))
    yield People(database)
    database.close()


def test_a_collaboration_is_set_up(users, people) -> None:
    for words in (
        ("add", "Ada", "--administrator", "--password-stdin"),
        ("add", "grace", "--no-password"),
        ("group", "add", "act"),
        ("group", "grant", "act", "act-dr6", "act-dr7"),
        ("group", "join", "act", "grace", "ada"),
        ("group", "leave", "act", "ada"),
        ("group", "revoke", "act", "act-dr7"),
        ("grant", "grace", "simonsobs", "other"),
        ("revoke", "grace", "other"),
    ):
        assert users(*words, typed="correct horse\n") == (0, "", "")
    status, shown, _ = users("list", "--json")
    assert status == 0
    listed = {row["name"]: row for row in json.loads(shown)}
    assert listed["ada"]["administrator"]
    assert listed["ada"]["password"]
    assert not listed["grace"]["password"]
    assert listed["grace"]["groups"] == ["act"]
    assert listed["grace"]["grants"] == ["simonsobs"]
    assert listed["grace"]["all_grants"] == ["act-dr6", "simonsobs"]
    assert users("list")[1] == "ada  administrator\ngrace  tokens only; groups: act; grants: act-dr6, simonsobs\n"
    assert json.loads(users("group", "list", "--json")[1]) == [
        {"name": "act", "grants": ["act-dr6"], "members": ["grace"]}
    ]
    assert users("group", "list")[1] == "act  grants: act-dr6; members: grace\n"
    assert people.check("ada", "correct horse") is not None
    assert users("group", "remove", "act")[0] == users("remove", "grace")[0] == 0
    assert [user.name for user in people.users()] == ["ada"]


def test_what_is_changed_of_a_user(users, people) -> None:
    users("add", "ada", "--password-stdin", typed="correct horse\n")
    for words, expected in (
        (("disable", "ada"), (True, False)),
        (("enable", "ada"), (False, False)),
        (("promote", "ada"), (False, True)),
        (("demote", "ada"), (False, False)),
    ):
        assert users(*words) == (0, "", "")
        user = people.user("ada")
        assert (user.disabled, user.administrator) == expected
    assert users("password", "ada", "--password-stdin", typed="another horse") == (0, "", "")
    assert people.check("ada", "correct horse") is None
    assert people.check("ada", "another horse") is not None


def test_tokens_are_told_once(users, people) -> None:
    users("add", "ada", "--no-password")
    status, shown, _ = users("token", "add", "ada", "laptop", "--days", "3")
    assert status == 0
    assert Tokens(people._database).user(shown.strip()).name == "ada"
    assert users("token", "add", "ada", "cluster", "--forever")[0] == 0
    listed = users("token", "list", "ada")[1]
    assert shown.strip() not in listed
    assert [line.partition(" ")[0] for line in listed.splitlines()] == ["laptop", "cluster"]
    assert "never" in listed.splitlines()[1]
    assert [row["label"] for row in json.loads(users("token", "list", "ada", "--json")[1])] == ["laptop", "cluster"]
    assert users("token", "remove", "ada", "laptop") == (0, "", "")
    assert Tokens(people._database).user(shown.strip()) is None


def test_empty_lists(users) -> None:
    assert users("list") == (0, "", "")
    assert users("list", "--json") == (0, "[]\n", "")


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("add", "a b", "--no-password"), "", "name"),
        (("add", "ada", "--password-stdin"), "short\n", "at least 8"),
        (("add", "ada", "--password-stdin"), "", "at least 8"),
        (("add", "ada"), "", "--password-stdin"),
        (("password", "bob"), "", "'bob'"),
        (("remove", "bob"), "", "'bob'"),
        (("group", "join", "act", "bob"), "", "'bob'"),
        (("grant", "bob", "x"), "", "'bob'"),
        (("token", "add", "bob", "x"), "", "'bob'"),
        (("token", "add", "bob", "x", "--days", "0"), "", "--days"),
        (("list", "--config", "nowhere.toml"), "", "nowhere.toml"),
    ],
)
def test_failures_are_one_line(users, words, typed: str, said: str) -> None:
    status, shown, errors = users(*words, typed=typed)
    assert (status, shown) == (1, "")
    assert errors.startswith("armillary: ")
    assert errors.count("\n") == 1
    assert said in errors


def test_a_password_is_never_an_argument(users, capsys) -> None:
    for words in (("add", "ada", "--password", "x"), ("add", "ada", "hush"), ("password", "ada", "hush"), ()):
        with pytest.raises(SystemExit) as ended:
            users(*words)
        assert ended.value.code == 2


def test_people_are_asked_twice(users, people, monkeypatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter(["correct horse", "correct house", "correct horse", "correct horse"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
    monkeypatch.setattr(io, "StringIO", Terminal)
    status, _, errors = users("add", "ada")
    assert status == 1
    assert "differ" in errors
    assert users("add", "ada")[0] == 0
    assert people.check("ada", "correct horse") is not None


def test_missing_packages_are_named(users, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    passwords.hasher.cache_clear()
    status, _, errors = users("list")
    assert status == 1
    assert "armillary[accounts]" in errors
