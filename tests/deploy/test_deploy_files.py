"""The files of deployment: each is read by what reads it, as far as that goes without an engine of containers."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from production_tools import end, free_port

from armillary.holdings.configuration import read_configuration
from armillary.server import settings, settings_file

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def instructions() -> list[tuple[str, str]]:
    """Instructions of the Containerfile, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in text.splitlines() if line.strip()]


def test_the_container_is_built_from_a_pinned_base_and_runs_without_privileges() -> None:
    found = instructions()
    bases = [words for name, words in found if name == "FROM"]
    assert bases == ["python:3.12-slim AS build", "python:3.12-slim"]
    users = [words for name, words in found if name == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])
    last = [name for name, _ in found].index("USER")
    assert not {"RUN", "COPY", "ADD"} & {name for name, _ in found[last:]}


def test_what_the_container_copies_is_there() -> None:
    copied = [word for name, words in instructions() if name == "COPY" for word in shlex.split(words)[:-1]]
    assert copied
    assert [word for word in copied if not (ROOT / word).exists()] == []
    ignored = (ROOT / ".containerignore").read_text().split()
    assert not set(copied) & set(ignored)


def test_the_containers_variables_are_settings() -> None:
    words = " ".join(words for name, words in instructions() if name == "ENV")
    given = dict(pair.split("=", 1) for pair in shlex.split(words))
    ours = {name: value for name, value in given.items() if name.startswith("ARMILLARY_")}
    assert settings.combine({}, ours, {}).settings.host == "0.0.0.0"
    known = {name for entry in settings.table() for name in settings.environment_names(entry)}
    assert ours.keys() <= known


def test_the_compose_file_names_what_is_there() -> None:
    read = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = read["services"]
    assert set(services) == {"armillary", "worker", "memcached", "redis", "postgres", "nginx"}
    for name in ("armillary", "worker"):
        build = services[name]["build"]
        assert (DEPLOY / build["context"]).resolve() == ROOT
        assert (ROOT / build["dockerfile"]).is_file()
    mounted = [volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    files = {name for name in mounted if name.startswith("./")}
    assert len(files) == 3
    assert [name for name in files if not (DEPLOY / name).is_file()] == []
    assert {name for name in mounted if name[0] not in ".$/"} == set(read["volumes"])
    environment = services["armillary"]["environment"]
    loaded = settings.combine(settings_file.read(DEPLOY / "settings.toml", required=True), environment, {})
    assert loaded.settings.memcached == ("memcached:11211",)
    assert loaded.settings.workers == 0
    assert loaded.origins["trusted_proxies"] == "ARMILLARY_TRUSTED_PROXIES"
    assert not [service for service in services.values() if service.get("image", "x:1").endswith(":latest")]
    waited = {name for service in services.values() for name in service.get("depends_on", ())}
    assert waited < set(services)


def test_the_compose_files_worker_does_the_servers_jobs() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    file = settings_file.read(DEPLOY / "settings.toml", required=True)
    server, worker = (
        settings.combine(file, services[name]["environment"], {}).settings for name in ("armillary", "worker")
    )
    jobs = [entry.name for entry in settings.table() if entry.name.startswith("jobs_")]
    assert [name for name in jobs if getattr(server, name) != getattr(worker, name)] == []
    assert (server.jobs_runner, server.jobs_broker) == ("celery", "redis://redis:6379/0")
    password = services["postgres"]["environment"]["POSTGRES_PASSWORD"]
    assert server.jobs_database == f"postgresql+psycopg://armillary:{password}@postgres/armillary"
    kept = f"results:{server.jobs_results}"
    assert all(kept in services[name]["volumes"] for name in ("armillary", "worker"))
    assert server.jobs_results in next(words for name, words in instructions() if name == "VOLUME")
    from armillary.cli.main import parser

    assert parser().parse_args(services["worker"]["command"]).module


def test_the_sample_settings_and_holdings_are_sound() -> None:
    loaded = settings_file.load({}, str(DEPLOY / "settings.toml"), {}).settings
    assert loaded.root_path == "/armillary"
    assert f"location {loaded.root_path}/ {{" in (DEPLOY / "nginx.conf").read_text()
    assert loaded.allowed_hosts[0] in (DEPLOY / "nginx.conf").read_text()
    assert f"client_max_body_size {loaded.upload_size}m;" in (DEPLOY / "nginx.conf").read_text()
    assert read_configuration(str(DEPLOY / "holdings.json"))
    assert json.loads((DEPLOY / "holdings.json").read_text())["map_groups"]


@pytest.mark.parametrize(("name", "command"), [("armillary", "serve"), ("armillary-worker", "worker")])
def test_systemd_takes_the_unit(tmp_path: Path, name: str, command: str) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is missing")
    text = (DEPLOY / f"{name}.service").read_text()
    unit = tmp_path / f"{name}.service"
    unit.write_text(text.replace("/opt/armillary/bin/armillary", "/bin/true"))
    answer = subprocess.run([verify, "verify", unit], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")
    line = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)
    from armillary.cli.main import parser

    words = shlex.split(line[1])[1:]
    assert words[0] == command
    assert parser().parse_args(words).module


def test_the_units_share_what_is_written() -> None:
    server, worker = ((DEPLOY / f"{name}.service").read_text() for name in ("armillary", "armillary-worker"))
    shared = ("DynamicUser=", "StateDirectory=", "CacheDirectory=", "Environment=")
    for text in shared:
        line = re.search(rf"^{text}.*$", server, re.MULTILINE)
        assert line[0] in worker.splitlines()
    assert "User=armillary" in worker.splitlines()  # That of DynamicUser is called as its unit.


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as it is built for the container, unpacked where nothing may be written."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT, check=True, capture_output=True, env=os.environ | {"ARMILLARY_SKIP_VIEWER": "1"},
    )  # fmt: skip
    place = folder / "site"
    (wheel,) = folder.glob("*.whl")
    shutil.unpack_archive(wheel, place, "zip")
    for path in (*folder.parents[:2], folder, place, *place.rglob("*")):
        if path in {*folder.parents[:2], folder}:
            path.chmod(0o755)
        else:
            path.chmod(0o555 if path.is_dir() else 0o444)
    return place


def nobody() -> dict[str, int]:
    """Arguments that run a process as somebody else, where we may and that one can run this interpreter."""
    if os.geteuid() != 0:
        return {}
    who = {"user": 65534, "group": 65534}
    try:
        subprocess.run([sys.executable, "-c", "import numba"], capture_output=True, check=True, **who)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return who


def test_the_wheel_serves_for_a_user_without_a_home(installed: Path, tmp_path: Path) -> None:
    port = str(free_port())
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(folder.stat().st_mode | 0o055)
    kept = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(installed)}
    variables = kept | {"NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1", "XDG_DATA_HOME": str(cache)}
    code = "import sys, armillary; from armillary.cli.main import main; print(armillary.__file__); main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "serve", str(DEPLOY / "holdings.json"), "--port", port, "--workers", "2"]
    process = subprocess.Popen(
        command, env=variables, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **nobody()
    )
    try:
        assert process.stdout.readline().startswith(str(installed))
        assert process.stdout.readline() == f"Armillary is ready: http://127.0.0.1:{port}/\n"
        health = next(words for name, words in instructions() if name == "HEALTHCHECK")
        _, _, code = json.loads(health[health.index("CMD") + 3 :])
        checked = [sys.executable, "-c", code.replace(":8000/", f":{port}/")]
        assert subprocess.run(checked, check=False, capture_output=True).returncode == 0
        deadline = time.monotonic() + 30
        while not json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/api/holdings"))["map_groups"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.terminate()
        assert process.wait(60) == 0
        assert subprocess.run(checked, check=False, capture_output=True).returncode != 0
    finally:
        end(process)
        process.stdout.close()
        process.stderr.close()
