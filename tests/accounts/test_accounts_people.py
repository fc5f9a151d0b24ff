"""Users, groups and grants; passwords and what they cost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.accounts import names, passwords
from armillary.accounts.people import People
from armillary.accounts.sessions import Sessions, identity_of
from armillary.errors import NotFoundError, ParameterError, UsageError

PASSWORD = "correct horse battery"


@pytest.fixture
def people(database):
    made = People(database)
    made.add("alice", PASSWORD)
    return made


def test_a_user_holds_its_own_grants_and_those_of_its_groups(people) -> None:
    people.add_group("act")
    people.add_group("other")
    people.grant("alice", "simonsobs")
    people.grant("act", "act-dr6", group=True)
    people.grant("act", "simonsobs", group=True)
    people.grant("other", "secret", group=True)
    people.join("alice", "act")
    people.join("alice", "act")
    user = people.user("ALICE ")
    assert (user.grants, user.groups, user.held) == (("simonsobs",), ("act",), {"simonsobs", "act-dr6"})
    assert [(g.name, g.grants, g.members) for g in people.groups()] == [
        ("act", ("act-dr6", "simonsobs"), ("alice",)),
        ("other", ("secret",), ()),
    ]
    people.revoke("alice", "simonsobs")
    assert people.user("alice").held == {"simonsobs", "act-dr6"}
    people.leave("alice", "act")
    assert people.user("alice").held == frozenset()
    people.join("alice", "act")
    people.remove_group("act")
    assert people.user("alice").held == frozenset()
    people.remove("alice")
    assert people.users() == []


def test_what_is_not_there_is_said_by_name(people) -> None:
    people.add_group("act")
    for work in (
        lambda: people.user("bob"),
        lambda: people.remove("bob"),
        lambda: people.set_password("bob", PASSWORD),
        lambda: people.grant("bob", "x"),
        lambda: people.revoke("alice", "x"),
        lambda: people.leave("alice", "act"),
        lambda: people.join("alice", "bob"),
        lambda: people.remove_group("bob"),
    ):
        with pytest.raises(NotFoundError, match=r"bob|alice"):
            work()
    for work in (lambda: people.add("Alice", PASSWORD), lambda: people.add_group("act")):
        with pytest.raises(UsageError, match="already"):
            work()


@pytest.mark.parametrize("name", ["", " ", "a b", "-a", ".a", "a" * 65, "ä", "a\nb", "a/b", "root;", "a\x00"])
def test_names_are_of_a_small_alphabet(people, name: str) -> None:
    with pytest.raises(ParameterError):
        people.add(name, PASSWORD)


@pytest.mark.parametrize("grant", ["", " ", "a b", "a,b", "a\n", "x" * 129, "a\u00a0b"])
def test_grants_have_no_blanks(people, grant: str) -> None:
    with pytest.raises(ParameterError):
        people.grant("alice", grant)


@given(st.text(max_size=80))
def test_a_name_is_refused_or_stays_what_it_became(text: str) -> None:
    try:
        name = names.user_name(text)
    except ParameterError:
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9._@+-]{0,63}", name)
    assert names.user_name(name) == name


@pytest.mark.parametrize("password", ["", "seven77", "x" * 1025, "alice", "ALICE   "])
def test_passwords_that_are_none(people, password: str) -> None:
    with pytest.raises(ParameterError, match="password"):
        people.set_password("alice", password)
    assert people.check("alice", PASSWORD) is not None


def test_only_the_right_password_of_an_enabled_user_opens(people) -> None:
    people.add("token-only", None)
    assert people.check("Alice", PASSWORD).name == "alice"
    for name, password in [
        ("alice", PASSWORD + " "),
        ("alice", ""),
        ("alice", "x" * 5000),
        ("bob", PASSWORD),
        ("", PASSWORD),
        ("a b", PASSWORD),
        ("token-only", ""),
        ("token-only", "the password of nobody"),
        ("bob", "the password of nobody"),
        ("al\udcffice", PASSWORD),
    ]:
        assert people.check(name, password) is None
    people.set_disabled("alice", disabled=True)
    assert people.check("alice", PASSWORD) is None
    people.set_disabled("alice", disabled=False)
    assert people.check("alice", PASSWORD) is not None


@pytest.mark.parametrize("name", ["alice", "bob", "token-only", "disabled", "a b"])
def test_every_wrong_attempt_costs_one_hash(people, monkeypatch, name: str) -> None:
    people.add("token-only", None)
    people.add("disabled", PASSWORD)
    people.set_disabled("disabled", disabled=True)
    passwords.matches(None, "warm")
    asked = []
    real = type(passwords.hasher()).verify
    monkeypatch.setattr(type(passwords.hasher()), "verify", lambda self, *args: asked.append(args) or real(self, *args))
    assert people.check(name, "wrong") is None
    assert len(asked) == 1


def test_however_a_keyboard_composes_them_they_are_the_same_characters(people) -> None:
    people.set_password("alice", "caf\u00e9 au lait")
    assert people.check("alice", "cafe\u0301 au lait") is not None


def test_hashes_are_argon2id_at_least_as_strong_as_owasp_asks() -> None:
    known = passwords.make(PASSWORD)
    found = re.fullmatch(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$.{22,}\$.{43,}", known)
    assert found is not None
    memory, passes = map(int, found.groups())
    assert memory >= 47104
    assert passes >= 1
    assert passwords.matches(known, PASSWORD)
    assert known != passwords.make(PASSWORD)


def test_an_old_hash_is_made_anew_at_login_and_sessions_go_on(people, database, monkeypatch) -> None:
    user = people.user("alice")
    sessions = Sessions(database, 3600, 3600)
    secret = sessions.begin(identity_of(user), user)
    monkeypatch.setattr(passwords, "MEMORY_KIB", 16)
    passwords.hasher.cache_clear()
    assert people.check("alice", PASSWORD) is not None
    with database.reading() as connection:
        stored = connection.exec_driver_sql("SELECT password FROM users").scalar()
    assert "m=16," in stored
    assert people.check("alice", PASSWORD) is not None
    assert sessions.find(secret) is not None


def test_a_damaged_hash_lets_nobody_in(people, database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE users SET password = 'plain'")
    assert people.check("alice", "plain") is None
