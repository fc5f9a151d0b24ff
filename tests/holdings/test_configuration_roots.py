"""Folders and addresses outside which a configuration may name nothing, and what a reload gives back."""

from __future__ import annotations

import json
import socket

import pytest

from armillary.cli.worker import Job, _application
from armillary.errors import ConfigurationError, FileError
from armillary.holdings import ANONYMOUS, open_configuration
from armillary.holdings.catalogs import shelf
from armillary.holdings.configuration.places import Places
from armillary.server.settings import Settings, combine


def catalog(name: str, filename: str) -> dict:
    return {"source_group_id": name, "name": name, "provider": {"filename": filename}}


def write(folder, *groups: dict) -> None:
    (folder / "h.json").write_text(json.dumps({"source_groups": list(groups)}))


@pytest.mark.parametrize(
    ("root", "address", "allowed"),
    [
        ("https://maps.example/dr6", "https://maps.example/dr6/a.fits", True),
        ("https://maps.example/dr6/", "https://maps.example/dr6/b/a.fits?x=1", True),
        ("https://maps.example", "https://maps.example/a.fits", True),
        ("https://maps.example/dr6", "https://maps.example/dr60/a.fits", False),
        ("https://maps.example/dr6", "https://maps.example/dr6/../a.fits", False),
        ("https://maps.example/dr6", "https://maps.example/dr6/%2e%2E/a.fits", False),
        ("https://maps.example/dr6", "https://maps.example/dr6/..%5Ca.fits", False),
        ("https://maps.example", "https://maps.example.evil.example/a.fits", False),
        ("https://maps.example", "https://maps.example@evil.example/a.fits", False),
        ("https://maps.example", "http://maps.example/a.fits", False),
        ("https://maps.example", "https://maps.example:8443/a.fits", False),
        ("https://maps.example", "https://maps.example:port/a.fits", False),
        ("/srv/maps", "http://169.254.169.254/latest", False),
    ],
)
def test_addresses_are_held_by_addresses(root: str, address: str, allowed: bool) -> None:
    assert Places("/", (root,)).allows(address) is allowed
    assert Places("/").allows(address)
    assert not Places("/", ("https://maps.example",)).allows("/etc/passwd")


def test_the_setting_reaches_what_is_served(tmp_path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path, catalog("x", "secret.csv"))
    environment = {"ARMILLARY_ROOTS": f"{tmp_path / 'in'}, https://maps.example"}
    settings = combine({}, environment, {}).settings
    assert settings.roots == (str(tmp_path / "in"), "https://maps.example")
    job = Job.from_line(Job(str(tmp_path / "h.json"), settings).to_line())
    with socket.socket() as listener, pytest.raises(ConfigurationError, match="outside"):
        _application(listener, job, None)
    write(tmp_path, catalog("x", "in/open.csv"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        found, application = _application(listener, Job(str(tmp_path / "h.json"), settings), None)
        assert len(found.holdings.source_groups(ANONYMOUS)) == 1
        application.services.close()


def test_open_keeps_to_the_setting(tmp_path, monkeypatch) -> None:
    import argparse

    from armillary.cli import open as command

    write(tmp_path, catalog("x", "/etc/passwd"))
    monkeypatch.setenv("ARMILLARY_ROOTS", str(tmp_path))
    with pytest.raises(ConfigurationError, match="outside"):
        command.serve_described(str(tmp_path / "h.json"), argparse.Namespace())


def test_a_link_that_leads_out_later_is_not_followed(tmp_path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "good.csv").write_text("ra,dec,name\n1,2,good\n")
    (tmp_path / "secret.csv").write_text("ra,dec,name\n1,2,secret\n3,4,more\n")
    (inside / "link.csv").symlink_to("good.csv")
    write(tmp_path, catalog("x", "in/link.csv"))
    made = open_configuration(tmp_path / "h.json", lambda *_: None, roots=(str(inside),))
    file = made.holdings.source_group("x", ANONYMOUS).file
    assert file.current()[0].count == 1
    (inside / "link.csv").unlink()
    (inside / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(FileError, match="outside"):
        file.current()
    (inside / "link.csv").unlink()
    (inside / "link.csv").symlink_to("good.csv")
    assert file.current()[0].count == 1


def test_catalogs_that_a_reload_leaves_out_give_their_memory_back(tmp_path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("ra,dec\n1,2\n")
    write(tmp_path, catalog("a", "a.csv"), catalog("b", "b.csv"))
    made = open_configuration(tmp_path / "h.json", lambda *_: None)
    kept, gone = (made.holdings.source_group(name, ANONYMOUS).file for name in "ab")
    under_way = gone.current()[0]
    kept.current()
    write(tmp_path, catalog("a", "a.csv"))
    made.reload()
    assert shelf.get(gone._number) is None
    assert shelf.get(kept._number) is not None
    assert made.holdings.source_group("a", ANONYMOUS).file is kept
    assert under_way.count == 1


@pytest.mark.parametrize("word", ["off", "OFF", "no", "false", "0", " off "])
def test_the_resolver_is_switched_off_by_a_word_everywhere(word: str) -> None:
    for given in (({"name_resolver": word}, {}, {}), ({}, {"ARMILLARY_NAME_RESOLVER": word}, {})):
        assert combine(*given).settings.name_resolver == ""
    assert combine({}, {}, {"name_resolver": word}).settings.name_resolver == ""
    assert combine({"name_resolver": False}, {}, {}).settings.name_resolver == ""
    assert combine({"name_resolver": ""}, {}, {}).settings.name_resolver == ""
    assert combine({}, {"ARMILLARY_NAME_RESOLVER": ""}, {}).settings == Settings()
