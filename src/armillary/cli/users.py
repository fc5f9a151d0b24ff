"""``armillary users``: who may log in, and what they may see."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from armillary.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from armillary.accounts.database import Database
    from armillary.accounts.people import People, User

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

LARGEST_INPUT = 4096
DAYS = 90
MOST_DAYS = 3660


def add_parser(commands: Subparsers) -> None:
    """Add the command and its actions to the command line."""
    command = commands.add_parser("users", help="users, groups, grants and tokens of `serve`", allow_abbrev=False)
    actions = command.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    _action(actions, "list", "everybody, with groups and grants", _list, json_too=True)
    added = _action(actions, "add", "add a user; the password is asked for", _add, "NAME")
    added.add_argument("--administrator", action="store_true", help="who sees everything, and why files are not shown")
    added.add_argument("--no-password", action="store_true", help="let the user in by tokens only")
    changed = _action(actions, "password", "change a password; sessions end", _password, "NAME")
    for asking in (added, changed):
        asking.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    _action(actions, "remove", "remove a user", lambda of, o: of.remove(o.name), "NAME")
    _action(
        actions,
        "disable",
        "keep a user out; sessions end",
        lambda of, o: of.set_disabled(o.name, disabled=True),
        "NAME",
    )
    _action(actions, "enable", "let a user in again", lambda of, o: of.set_disabled(o.name, disabled=False), "NAME")
    _action(
        actions,
        "promote",
        "make a user an administrator",
        lambda of, o: of.set_administrator(o.name, administrator=True),
        "NAME",
    )
    _action(
        actions,
        "demote",
        "make an administrator a user",
        lambda of, o: of.set_administrator(o.name, administrator=False),
        "NAME",
    )
    _action(actions, "grant", "give a user grants", lambda of, o: _each(of.grant, o, group=False), "NAME", "GRANT")
    _action(
        actions, "revoke", "take grants from a user", lambda of, o: _each(of.revoke, o, group=False), "NAME", "GRANT"
    )
    _add_groups(actions.add_parser("group", help="groups of users", allow_abbrev=False))
    _add_tokens(actions.add_parser("token", help="tokens for programs", allow_abbrev=False))


def _add_groups(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", dest="group_action", metavar="ACTION", required=True)
    _action(actions, "list", "groups, with grants and members", _list_groups, json_too=True)
    _action(actions, "add", "add a group", lambda of, o: of.add_group(o.name), "GROUP")
    _action(actions, "remove", "remove a group; its members stay", lambda of, o: of.remove_group(o.name), "GROUP")
    _action(actions, "join", "put users into a group", lambda of, o: _members(of.join, o), "GROUP", "NAME")
    _action(actions, "leave", "take users out of a group", lambda of, o: _members(of.leave, o), "GROUP", "NAME")
    _action(actions, "grant", "give a group grants", lambda of, o: _each(of.grant, o, group=True), "GROUP", "GRANT")
    _action(
        actions, "revoke", "take grants from a group", lambda of, o: _each(of.revoke, o, group=True), "GROUP", "GRANT"
    )


def _add_tokens(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", dest="token_action", metavar="ACTION", required=True)
    _action(actions, "list", "tokens of a user", _list_tokens, "NAME", json_too=True)
    added = _action(actions, "add", "print a new token, this once", _add_token, "NAME")
    added.add_argument("label", metavar="LABEL", help="what it is for")
    ends = added.add_mutually_exclusive_group()
    ends.add_argument("--days", type=int, default=DAYS, metavar="N", help=f"how long it lasts ({DAYS})")
    ends.add_argument("--forever", action="store_true", help="it does not end")
    removed = _action(actions, "remove", "end a token", _remove_token, "NAME")
    removed.add_argument("label", metavar="LABEL", help="as it was added")


def _action(
    actions: Subparsers,
    name: str,
    text: str,
    work: Callable[[People, Any], object],
    *words: str,
    json_too: bool = False,
) -> argparse.ArgumentParser:
    made = actions.add_parser(name, help=text, allow_abbrev=False)
    if words:
        made.add_argument("name", metavar=words[0])
    if len(words) > 1:
        made.add_argument("words", nargs="+", metavar=words[1])
    if json_too:
        made.add_argument("--json", action="store_true", help="as JSON, for programs")
    made.add_argument("--config", metavar="FILE", help="file of settings")
    made.set_defaults(module="armillary.cli.users", work=work)
    return made


def run(options: argparse.Namespace) -> int:
    """Do what ``options`` ask for, in the database of the setting ``accounts_database``.

    Returns
    -------
    0.

    Raises
    ------
    ArmillaryError
        It cannot be done.
    """
    from armillary.accounts.people import People

    with_people: Callable[[People, Any], object] = options.work
    options.database = _database(options)
    try:
        with_people(People(options.database), options)
    finally:
        options.database.close()
    return 0


def _database(options: argparse.Namespace) -> Database:
    from armillary.accounts.database import Database
    from armillary.accounts.passwords import hasher
    from armillary.server import settings_file

    hasher()  # Says in one line which packages are missing.
    return Database(settings_file.load({}, options.config).settings.accounts_database)


def _each(work: Callable[..., None], options: Any, *, group: bool) -> None:
    for word in options.words:
        work(options.name, word, group=group)


def _members(work: Callable[[str, str], None], options: Any) -> None:
    for word in options.words:
        work(word, options.name)


def _add(people: People, options: Any) -> None:
    password = None if options.no_password else _new_password(options)
    people.add(options.name, password, administrator=options.administrator)


def _password(people: People, options: Any) -> None:
    people.user(options.name)
    people.set_password(options.name, _new_password(options))


def _new_password(options: Any) -> str:
    """The password, from where no list of processes shows it.

    Raises
    ------
    UsageError
        The two that were typed differ; nobody is there to type; nothing was on standard input.
    """
    if options.password_stdin:
        return sys.stdin.readline(LARGEST_INPUT).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise UsageError("There is nobody to ask for a password: use --password-stdin.")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("The two passwords differ.")
    return first


def _user_words(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "administrator": user.administrator,
        "disabled": user.disabled,
        "password": user.has_password,
        "groups": list(user.groups),
        "grants": list(user.grants),
        "all_grants": sorted(user.held),
        "created": _date(user.created),
    }


def _date(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tell(rows: list[dict[str, Any]], line: Callable[[dict[str, Any]], str], *, as_json: bool) -> None:
    text = json.dumps(rows, indent=2, ensure_ascii=False) if as_json else "\n".join(map(line, rows))
    sys.stdout.write(text + "\n" if text else "")


def _list(people: People, options: Any) -> None:
    def line(row: dict[str, Any]) -> str:
        marks = [word for word in ("administrator", "disabled") if row[word]]
        marks += [] if row["password"] else ["tokens only"]
        marks += [f"groups: {', '.join(row['groups'])}"] if row["groups"] else []
        marks += [f"grants: {', '.join(row['all_grants'])}"] if row["all_grants"] else []
        return f"{row['name']}  {'; '.join(marks)}".rstrip()

    _tell([_user_words(user) for user in people.users()], line, as_json=options.json)


def _list_groups(people: People, options: Any) -> None:
    def line(row: dict[str, Any]) -> str:
        told = (f"{name}: {', '.join(row[name])}" for name in ("grants", "members") if row[name])
        return f"{row['name']}  {'; '.join(told)}".rstrip()

    rows = [{"name": g.name, "grants": list(g.grants), "members": list(g.members)} for g in people.groups()]
    _tell(rows, line, as_json=options.json)


def _list_tokens(_people: People, options: Any) -> None:
    from armillary.accounts.tokens import Tokens

    def line(row: dict[str, Any]) -> str:
        return f"{row['label']}  expires: {row['expires'] or 'never'}; used: {row['used'] or 'never'}"

    known = Tokens(options.database).of(options.name)
    rows = [
        {"label": t.label, "created": _date(t.created), "expires": _date(t.expires), "used": _date(t.used)}
        for t in known
    ]
    _tell(rows, line, as_json=options.json)


def _add_token(_people: People, options: Any) -> None:
    from armillary.accounts.tokens import Tokens

    if not 1 <= options.days <= MOST_DAYS:
        raise UsageError(f"--days: use 1 to {MOST_DAYS}, or --forever.")
    made = Tokens(options.database).make(options.name, options.label, None if options.forever else options.days)
    sys.stdout.write(made + "\n")


def _remove_token(_people: People, options: Any) -> None:
    from armillary.accounts.tokens import Tokens

    Tokens(options.database).remove(options.name, options.label)
