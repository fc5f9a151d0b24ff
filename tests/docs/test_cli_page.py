"""The page of the command line names every command and option, and no other."""

import argparse
import re
from pathlib import Path

from armillary.cli.main import parser

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/cli.md").read_text(encoding="utf-8")


def subparsers(top, prefix=""):
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield f"{prefix}{name}", command
                yield from subparsers(command, f"{prefix}{name} ")


def options_of(command):
    return {name for action in command._actions for name in action.option_strings if name.startswith("--")} - {"--help"}


def test_every_command_is_on_the_page():
    leaves = [name for name, command in subparsers(parser()) if not any(subparsers(command))]
    for name in leaves:
        assert f"armillary {name}" in PAGE


def test_options_are_those_of_the_program():
    known = options_of(parser()).union(*(options_of(command) for _, command in subparsers(parser())))
    assert set(re.findall(r"--[a-z][a-z0-9-]+", PAGE)) == known
