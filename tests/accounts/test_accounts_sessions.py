"""Sessions, tokens and the slowing down of wrong passwords."""

from __future__ import annotations

import pytest

from armillary.accounts.people import People
from armillary.accounts.sessions import MOST_OF_A_USER, Identity, Sessions, identity_of
from armillary.accounts.throttle import BY_ADDRESS, BY_USER, MOST_ROWS, Throttle
from armillary.accounts.tokens import PREFIX, Tokens
from armillary.errors import NotFoundError, UsageError

HOUR = 3600


@pytest.fixture
def people(database, clock):
    made = People(database, clock)
    made.add("alice", "correct horse")
    made.grant("alice", "one")
    return made


@pytest.fixture
def sessions(database, clock):
    return Sessions(database, 10 * HOUR, 2 * HOUR, clock)


def begin(sessions, people):
    user = people.user("alice")
    return sessions.begin(identity_of(user), user)


def test_a_session_ends_by_time(sessions, people, clock) -> None:
    secret = begin(sessions, people)
    for _ in range(5):
        clock.now += 1.9 * HOUR
        assert sessions.find(secret) == Identity("alice", frozenset({"one"}), administrator=False)
    clock.now += 0.6 * HOUR
    assert sessions.find(secret) is None
    idle = begin(sessions, people)
    clock.now += 2 * HOUR
    assert sessions.find(idle) is None


def test_a_session_follows_its_user(sessions, people) -> None:
    secret = begin(sessions, people)
    people.grant("alice", "two")
    assert sessions.find(secret).grants == {"one", "two"}
    people.revoke("alice", "one")
    assert sessions.find(secret).grants == {"two"}


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.set_disabled("alice", disabled=True),
        lambda people: people.set_password("alice", "another horse"),
        lambda people: people.set_administrator("alice", administrator=False),
        lambda people: people.remove("alice"),
        lambda people: (people.remove("alice"), people.add("alice", "correct horse")),
    ],
    ids=["disabled", "password", "demoted", "removed", "removed and added"],
)
def test_what_ends_every_session_of_a_user(sessions, people, change) -> None:
    people.add("bob", "correct horse")
    bob = people.user("bob")
    others, mine = sessions.begin(identity_of(bob), bob), [begin(sessions, people), begin(sessions, people)]
    change(people)
    assert [sessions.find(secret) for secret in mine] == [None, None]
    assert sessions.find(others) is not None


def test_logging_out_ends_one_session_and_no_other(sessions, people) -> None:
    one, other = begin(sessions, people), begin(sessions, people)
    sessions.end(one)
    sessions.end("of nobody")
    assert sessions.find(one) is None
    assert sessions.find(other) is not None


def test_a_provider_answers_for_users_that_are_not_here(sessions) -> None:
    who = Identity("carol@example.org", frozenset({"a", "b"}), administrator=True)
    assert sessions.find(sessions.begin(who)) == who


def test_the_database_holds_no_secret(sessions, people, database) -> None:
    secret = begin(sessions, people)
    token = Tokens(database).make("alice", "laptop", 1)
    people.check("alice", "correct horse")
    stored = b"".join(path.read_bytes() for path in database.file.parent.iterdir())
    for text in (secret, token, token.removeprefix(PREFIX), "correct horse"):
        assert text.encode() not in stored


def test_sessions_do_not_pile_up(sessions, people, database, clock) -> None:
    for _ in range(MOST_OF_A_USER + 6):
        begin(sessions, people)
        clock.now += 1
    assert count(database, "sessions") == MOST_OF_A_USER
    clock.now += 3 * HOUR
    begin(sessions, people)
    assert count(database, "sessions") == 1


def count(database, table: str) -> int:
    with database.reading() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()


def test_tokens(people, database, clock) -> None:
    tokens = Tokens(database, clock)
    secret, lasting = tokens.make("alice", " laptop ", 30), tokens.make("alice", "cluster", None)
    assert secret.startswith(PREFIX)
    assert len(secret) >= 50
    assert tokens.user(secret).held == {"one"}
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), PREFIX, "x" * 10_000, "\udcff"):
        assert tokens.user(wrong) is None
    with pytest.raises(UsageError, match="laptop"):
        tokens.make("alice", "laptop", 1)
    assert [(t.label, t.expires is None, t.used) for t in tokens.of("alice")] == [
        ("laptop", False, int(clock.now)),
        ("cluster", True, None),
    ]
    people.set_disabled("alice", disabled=True)
    assert tokens.user(secret) is None
    people.set_disabled("alice", disabled=False)
    clock.now += 30 * 24 * HOUR
    assert tokens.user(secret) is None
    assert tokens.user(lasting) is not None
    tokens.remove("alice", "cluster")
    assert tokens.user(lasting) is None
    with pytest.raises(NotFoundError):
        tokens.remove("alice", "cluster")
    with pytest.raises(NotFoundError):
        tokens.of("bob")


def test_wrong_passwords_are_slowed_down_by_user(database, clock) -> None:
    throttle, waits = Throttle(database, clock), []
    for k in range(14):
        name = "ALICE" if k % 2 else "alice"
        assert throttle.attempt(name, f"10.0.0.{k}") == 0
        waits.append(throttle.attempt(name, "10.1.0.1") if k >= BY_USER.free - 1 else 0)
        clock.now += waits[-1]
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    assert throttle.attempt("bob", "10.1.0.2") == 0
    throttle.succeeded("alice", "10.0.0.0")
    assert throttle.attempt("alice", "10.3.0.1") == 0


def test_delays_grow_and_stay_bounded() -> None:
    for rule in (BY_USER, BY_ADDRESS):
        delays = [rule.delay_s(failures) for failures in range(200)]
        assert delays == sorted(delays)
        assert delays[rule.free - 1] == 0
        assert delays[rule.free : rule.free + 4] == [1, 2, 4, 8]
        assert delays[-1] == rule.longest_s


def test_wrong_passwords_are_slowed_down_by_address(database, clock) -> None:
    throttle = Throttle(database, clock)
    for k in range(BY_ADDRESS.free):
        assert throttle.attempt(f"user{k}", "10.0.0.1") == 0
    assert throttle.attempt("somebody", "10.0.0.1") > 0
    assert throttle.attempt("somebody", "10.0.0.2") == 0
    clock.now += 1
    assert throttle.attempt("somebody else", "10.0.0.1") == 0
    assert throttle.attempt("somebody else", "10.0.0.1") == 2


def test_a_refused_attempt_does_not_lengthen_the_wait(database, clock) -> None:
    throttle = Throttle(database, clock)
    for _ in range(BY_USER.free):
        throttle.attempt("alice", "a")
    assert [throttle.attempt("alice", "a") for _ in range(5)] == [1] * 5


def test_right_passwords_from_one_address_are_not_counted(database, clock) -> None:
    throttle = Throttle(database, clock)
    for _ in range(5 * BY_ADDRESS.free):
        assert throttle.attempt("alice", "10.0.0.1") == 0
        throttle.succeeded("alice", "10.0.0.1")


def test_counts_are_forgotten_and_bounded(database, clock, monkeypatch) -> None:
    monkeypatch.setattr("armillary.accounts.throttle.MOST_ROWS", 100)
    throttle = Throttle(database, clock)
    for k in range(300):
        throttle.attempt(f"user{k}", f"address{k}")
        assert count(database, "attempts") <= 102
    clock.now += 2 * 86400
    throttle.attempt("alice", "a")
    assert count(database, "attempts") == 2
    assert MOST_ROWS <= 1_000_000


@pytest.mark.parametrize("spelling", [" alice", "alice\t", "ALICE", "\u2003Alice "])
def test_no_spelling_of_a_name_is_another_user_to_guess_at(database, people, clock, spelling) -> None:
    assert people.user(spelling).name == "alice"
    throttle = Throttle(database, clock)
    for number in range(5):
        assert throttle.attempt("alice", f"10.0.0.{number}") == 0
    assert throttle.attempt(spelling, "10.0.1.1") > 0
    throttle.succeeded(spelling, "10.0.1.1")
    assert throttle.attempt("alice", "10.0.1.2") == 0
