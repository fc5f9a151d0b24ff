"""The page of holdings files names every key, and its examples are good."""

from __future__ import annotations

from pathlib import Path

import pytest

from armillary.holdings.configuration import checking, read_configuration
from armillary.holdings.configuration.extras import FILE_TYPES
from armillary.holdings.configuration.layers import IGNORED
from armillary.holdings.configuration.providers import TYPES
from armillary.images.combination import FUNCTIONS
from armillary.render import Stretch

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def page() -> str:
    return (DOCS / "reference" / "holdings.md").read_text(encoding="utf-8")


def test_the_examples_say_the_same_without_a_warning() -> None:
    configs = [read_configuration(DOCS / "examples" / f"holdings.{suffix}") for suffix in ("toml", "json")]
    assert configs[0] == configs[1]
    assert configs[0].warnings == ()
    assert [layer.layer_id for layer in configs[0].layers()] == [
        "f150-I",
        "Release_2-Coadd-f150-I_weight",
        "Release_2-Coadd-f150-Signal_to_noise",
    ]


def test_every_key_that_is_read_is_on_the_page(page, monkeypatch) -> None:
    asked = {"grant", *IGNORED}
    get = checking.Node.get
    monkeypatch.setattr(checking.Node, "get", lambda node, *keys: asked.update(keys) or get(node, *keys))
    read_configuration(DOCS / "examples" / "holdings.json")
    assert len(asked) > 40
    assert sorted(key for key in asked if f"`{key}`" not in page) == []


def test_every_choice_is_on_the_page(page) -> None:
    choices = [*FUNCTIONS, *TYPES, *FILE_TYPES, *map(str, Stretch)]
    assert [choice for choice in choices if f"`{choice}`" not in page] == []
