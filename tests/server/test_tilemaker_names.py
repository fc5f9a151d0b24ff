"""TileMaker's environment variables: each means something here, or is known to need no counterpart."""

from __future__ import annotations

from pathlib import Path

import pytest

from armillary.errors import ConfigurationError
from armillary.server import settings, tilemaker

ROOT = Path(__file__).resolve().parents[2]
NAMES = [
    "CONFIG_PATH", "ORIGINS", "ADD_CORS", "SERVE_FRONTEND", "API_ENDPOINT", "AUTH_TYPE", "SOAUTH_BASE_URL",
    "SOAUTH_AUTH_URL", "SOAUTH_APP_ID", "SOAUTH_CLIENT_SECRET", "SOAUTH_PUBLIC_KEY", "SOAUTH_KEY_PAIR_TYPE",
    "CACHE_TYPE", "MEMCACHED_HOST", "MEMCACHED_PORT", "MEMCACHED_CLIENT_POOL_SIZE", "MEMCACHED_TIMEOUT_SECONDS",
    "PRECACHE", "ANALYSIS_AUTO_CONTRAST_PERCENTILE",
]  # fmt: skip
"""Every field of TileMaker's settings."""


def understood() -> set[str]:
    return {name for entry in settings.table() for name in settings.environment_names(entry)}


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_is_understood_and_documented(name: str) -> None:
    variable = f"TILEMAKER_{name}"
    assert variable in understood() | tilemaker.NEEDLESS.keys()
    assert f"`{variable}`" in (ROOT / "docs" / "reference" / "settings.md").read_text()


def test_the_unknown_ones_are_named() -> None:
    environment = {"TILEMAKER_ORIGIN": "x", "TILEMAKER_PRECACHE": "1", "TILEMAKER_ORIGINS": "x", "PATH": "/"}
    assert tilemaker.unknown(environment, understood()) == ["TILEMAKER_ORIGIN"]


def test_a_table_of_meanings_holds_no_needless_name() -> None:
    assert not tilemaker.NEEDLESS.keys() & understood()


@pytest.mark.parametrize(
    ("environment", "name", "value"),
    [
        ({"CONFIG_PATH": "maps.json"}, "holdings", "maps.json"),
        ({"ORIGINS": '["*"]'}, "cors_origins", ("*",)),
        ({"ORIGINS": '["*"]', "ADD_CORS": "false"}, "cors_origins", ()),
        ({"ORIGINS": '["*"]', "ADD_CORS": "true"}, "cors_origins", ("*",)),
        ({"SERVE_FRONTEND": "False"}, "viewer", False),
        ({"CACHE_TYPE": "memcached"}, "memcached", ("localhost:11211",)),
        ({"CACHE_TYPE": "memcached", "MEMCACHED_HOST": "mc", "MEMCACHED_PORT": "5"}, "memcached", ("mc:5",)),
        ({"CACHE_TYPE": "memcached", "MEMCACHED_HOST": "::1"}, "memcached", ("[::1]:11211",)),
        ({"CACHE_TYPE": "in_memory", "MEMCACHED_HOST": "mc"}, "memcached", ()),
        ({"CACHE_TYPE": "pass_through"}, "memcached", ()),
        ({"MEMCACHED_TIMEOUT_SECONDS": "0.5"}, "memcached_timeout", 500),
        ({"MEMCACHED_TIMEOUT_SECONDS": "0.0001"}, "memcached_timeout", 1),
        ({"AUTH_TYPE": "mock"}, "auth", "none"),
        ({"AUTH_TYPE": "soauth"}, "auth", "soauth"),
    ],
)
def test_what_each_says(environment: dict[str, str], name: str, value: object) -> None:
    variables = {f"TILEMAKER_{key}": word for key, word in environment.items()}
    assert getattr(settings.combine({}, variables, {}).settings, name) == value


@pytest.mark.parametrize(
    ("name", "value"), [("MEMCACHED_TIMEOUT_SECONDS", "soon"), ("MEMCACHED_TIMEOUT_SECONDS", "nan"), ("AUTH_TYPE", "x")]
)
def test_a_bad_value_is_refused_by_the_variables_name(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=f"TILEMAKER_{name}"):
        settings.combine({}, {f"TILEMAKER_{name}": value}, {})
