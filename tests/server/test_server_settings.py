"""Settings: where they come from, what is refused, and that each is documented."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import ConfigurationError
from armillary.server import settings, settings_file

ROOT = Path(__file__).resolve().parents[2]


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert settings_file.markdown_table() in page


def test_each_place_is_stronger_than_the_one_before() -> None:
    file, variable, option = {"tile_size": 64}, {"ARMILLARY_TILE_SIZE": "128"}, {"tile_size": "256"}
    for given_file, environment, options, size, origin in [
        ({}, {}, {}, 512, "default"),
        (file, {}, {}, 64, "file"),
        (file, variable, {}, 128, "ARMILLARY_TILE_SIZE"),
        (file, variable, option, 256, "option"),
        (file, variable, {"tile_size": None}, 128, "ARMILLARY_TILE_SIZE"),
    ]:
        loaded = settings.combine(given_file, environment, options)
        assert (loaded.settings.tile_size, loaded.origins["tile_size"]) == (size, origin)


def test_tilemakers_names_are_understood_and_ours_win() -> None:
    environment = {"TILEMAKER_ORIGINS": '["https://a.example"]', "TILEMAKER_SERVE_FRONTEND": "false"}
    loaded = settings.combine({}, environment, {})
    assert loaded.settings.cors_origins == ("https://a.example",)
    assert loaded.settings.viewer is False
    assert loaded.origins["viewer"] == "TILEMAKER_SERVE_FRONTEND"
    ours = settings.combine({}, environment | {"ARMILLARY_CORS_ORIGINS": "https://b.example, c"}, {})
    assert ours.settings.cors_origins == ("https://b.example", "c")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 65536),
        ("port", -1),
        ("port", "eighty"),
        ("port", True),
        ("port", 80.5),
        ("tile_size", 100),
        ("tile_size", 2048),
        ("auth", "password"),
        ("memory", 0),
        ("browser", "perhaps"),
        ("host", 5),
        ("host", "a\nb"),
        ("cors_origins", [1]),
        ("cors_origins", "[broken"),
    ],
)
def test_bad_values_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings.combine({name: value}, {}, {})
    assert refused.value.message.startswith(f"{name} (file): ")


def test_unknown_names_are_refused_with_a_hint() -> None:
    with pytest.raises(ConfigurationError, match="Did you mean 'tile_size'"):
        settings.combine({"tilesize": 5}, {}, {})


def test_the_token_is_shown_nowhere() -> None:
    loaded = settings.combine({"token": "hush"}, {}, {})
    assert "hush" not in settings_file.listing(loaded)
    with pytest.raises(ConfigurationError) as refused:
        settings.combine({"token": "hu\nsh"}, {}, {})
    assert "hu" not in refused.value.message


def test_the_written_file_is_valid_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "config.toml"
    settings_file.write(path)
    assert settings_file.load({}, str(path), {}).settings == settings.Settings()
    enabled = "\n".join(line.removeprefix("# ") for line in path.read_text().splitlines() if " = " in line)
    path.write_text(enabled)
    loaded = settings_file.load({}, str(path), {})
    assert loaded.settings == settings.Settings()
    assert set(loaded.origins.values()) == {"file"}
    with pytest.raises(ConfigurationError, match="--force"):
        settings_file.write(path)
    assert path.read_text() == enabled
    settings_file.write(path, force=True)
    assert path.read_text() != enabled


def test_a_file_that_was_asked_for_must_be_there_and_sound(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        settings_file.load({}, str(tmp_path / "none.toml"), {})
    (tmp_path / "bad.toml").write_text("port = = 3")
    with pytest.raises(ConfigurationError, match="not TOML"):
        settings_file.load({}, str(tmp_path / "bad.toml"), {})
    (tmp_path / "latin.toml").write_bytes(b"host = '\xe9'")
    with pytest.raises(ConfigurationError, match="not TOML"):
        settings_file.load({}, str(tmp_path / "latin.toml"), {})
    assert settings_file.load({}, None, {"XDG_CONFIG_HOME": str(tmp_path)}).settings == settings.Settings()


@given(st.dictionaries(st.sampled_from([entry.name for entry in settings.table()]), st.text(max_size=12)))
def test_no_environment_makes_it_stumble(values: dict[str, str]) -> None:
    environment = {f"ARMILLARY_{name.upper()}": value for name, value in values.items()}
    with contextlib.suppress(ConfigurationError):
        assert settings.combine({}, environment, {}).settings
