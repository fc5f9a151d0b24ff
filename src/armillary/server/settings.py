"""Every setting: one dataclass is the table of names, types, bounds, defaults and help.

Values come from four places, each stronger than the one before: the defaults here, a TOML file, environment variables
``ARMILLARY_<NAME>`` (or TileMaker's name of the same thing), and options of the command line.
"""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError
from armillary.server import tilemaker

if TYPE_CHECKING:
    from collections.abc import Mapping

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off"}
YES = True
MODES = ("token", "none", "accounts", "soauth", "oidc")


def setting(default: Any, text: str, /, **rules: Any) -> Any:
    """A field of ``Settings`` with its help text and rules (``low``, ``high``, ``choices``, ``power_of_two``, …)."""
    return field(default=default, metadata={"help": text, **rules})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set. ``config show`` prints it; ``docs/reference/settings.md`` lists it."""

    host: str = setting("127.0.0.1", "Address to listen on. Anything but loopback lets other machines connect.")
    port: int = setting(8000, "Port to listen on; 0 takes any free one. The default moves on when taken.", high=65535)
    browser: bool = setting(YES, "Open the browser once the server is ready.")
    auth: str = setting(
        "token",
        "Who may ask: holders of the token; everybody; everybody, and users who log in see more. `serve`: none.",
        choices=MODES,
        alias="TILEMAKER_AUTH_TYPE",
    )
    token: str = setting("", "The token; empty makes a new random one at every start.", secret=True)
    grants: tuple[str, ...] = setting((), "Grants of everybody (`serve`).", alias="TILEMAKER_AUTH_TYPE")
    public_url: str = setting(
        "",
        "Address of the server in browsers, such as https://maps.example/armillary; empty takes that of the request.",
    )
    accounts_database: str = setting(
        "",
        "Users and sessions: a file of SQLite or an address of SQLAlchemy; empty: a file of the user's.",
        secret=True,
    )
    session_secret: str = setting(
        "", "Signs sessions, the same in all processes; empty makes one and keeps it beside the database.", secret=True
    )
    session_hours: int = setting(168, "Hours after which a session ends.", low=1, high=8784)
    session_idle_hours: int = setting(24, "Hours without a request after which a session ends.", low=1, high=8784)
    soauth_base_url: str = setting("", "Address of this server, as SOAuth knows it.", alias="TILEMAKER_SOAUTH_BASE_URL")
    soauth_auth_url: str = setting("", "Address of the SOAuth server.", alias="TILEMAKER_SOAUTH_AUTH_URL")
    soauth_app_id: str = setting("", "Id of this server in SOAuth.", alias="TILEMAKER_SOAUTH_APP_ID")
    soauth_client_secret: str = setting(
        "", "Secret that SOAuth gave to this server.", secret=True, alias="TILEMAKER_SOAUTH_CLIENT_SECRET"
    )
    soauth_public_key: str = setting(
        "", "Public key of this server in SOAuth, as PEM.", lines=True, alias="TILEMAKER_SOAUTH_PUBLIC_KEY"
    )
    soauth_key_pair_type: str = setting(
        "Ed25519", "Type of that key.", choices=("Ed25519",), alias="TILEMAKER_SOAUTH_KEY_PAIR_TYPE"
    )
    oidc_issuer: str = setting("", "Address of the OpenID Connect provider, as its discovery document says it.")
    oidc_client_id: str = setting("", "Id of this server at the provider.")
    oidc_client_secret: str = setting(
        "", "Secret of this server at the provider; empty for a public client.", secret=True
    )
    oidc_scopes: tuple[str, ...] = setting(("openid", "profile"), "Scopes that are asked for.")
    oidc_name_claim: str = setting("preferred_username", "Claim that names the user; `sub` where it is missing.")
    oidc_grants_claim: str = setting("groups", "Claim that lists the grants; dots lead into objects.")
    oidc_administrator_grant: str = setting("", "Grant that makes an administrator; empty: nobody is one.")
    root_path: str = setting("", "Path under which a proxy shows the server, such as /armillary.")
    cors_origins: tuple[str, ...] = setting(
        (), "Origins whose pages may call the API; * for all.", alias=("TILEMAKER_ADD_CORS", "TILEMAKER_ORIGINS")
    )
    allowed_hosts: tuple[str, ...] = setting((), "Further host names under which the server may be reached.")
    viewer: bool = setting(YES, "Serve the viewer, not just the API.", alias="TILEMAKER_SERVE_FRONTEND")
    tile_size: int = setting(512, "Side of a tile in pixels: a power of two.", low=64, high=1024, power_of_two=True)
    memory: int = setting(
        256, "MiB for caches: half decoded pixels, a quarter tiles and overviews each.", low=16, high=1 << 20
    )
    cache_folder: str = setting("", "Folder that keeps overviews between runs; empty keeps none.")
    cache_size: int = setting(4096, "MiB that the cache folder may take.", low=16, high=1 << 24)
    threads: int = setting(0, "Threads that make tiles; 0 takes one for each core.", high=256)
    queue: int = setting(512, "Requests that may wait for a thread; more are answered 503.", low=1, high=100_000)
    cutout_pixels: int = setting(
        400_000_000, "Most pixels that one FITS cutout may have; larger ones are answered 413.", low=1, high=1 << 50
    )
    cutouts: int = setting(
        16, "Cutouts of more than 16 MiB that may be under way at once; more are answered 503.", low=1, high=10_000
    )
    jobs_database: str = setting(
        "", "Background jobs: a file of SQLite or an address of SQLAlchemy; empty: a file of the user's.", secret=True
    )
    jobs_results: str = setting(
        "", "Folder, or address of object storage (fsspec), for results of jobs; empty: beside their database."
    )
    jobs_runner: str = setting(
        "local",
        "What runs jobs: processes of this server; Celery; or nothing here.",
        choices=("local", "celery", "off"),
    )
    jobs_broker: str = setting("redis://127.0.0.1:6379/0", "Broker of the Celery workers.", secret=True)
    jobs_workers: int = setting(0, "Processes that run jobs; 0 takes one for each core.", high=256)
    jobs_memory: int = setting(4096, "MiB of memory of its own that one job may take.", low=256, high=1 << 20)
    jobs_seconds: int = setting(3600, "Seconds that a job may run unless it asks for other.", low=1, high=1 << 30)
    jobs_longest: int = setting(86_400, "Most seconds that a job may ask for; 0 for no bound.", high=1 << 30)
    jobs_hours: int = setting(168, "Hours after which a job and its results are deleted.", low=1, high=87_840)
    jobs_attempts: int = setting(3, "How often a job is begun anew after its process died.", low=1, high=100)
    jobs_per_user: int = setting(20_000, "Jobs that one user may keep; 0 for no bound.", high=1 << 30)
    jobs_seconds_per_user: int = setting(
        0, "Seconds that one user's kept jobs may run in all; 0: no bound.", high=1 << 40
    )
    jobs_size_per_user: int = setting(102_400, "MiB of results that one user may keep; 0 for no bound.", high=1 << 40)
    upload_size: int = setting(64, "MiB that the body of one request may have.", low=1, high=4096)
    upload_urls: bool = setting(not YES, "Fetch uploaded tables from addresses; never from private networks.")
    vo_authority: str = setting("armillary.local", "Authority of the identifiers of data: ivo://AUTHORITY/data?ID.")
    vo_rows: int = setting(10_000, "Most rows of one answer of a search for images or sources.", low=1, high=10_000_000)
    holdings: str = setting(
        "", "Configuration that `serve` shows when it is given none.", alias="TILEMAKER_CONFIG_PATH"
    )
    roots: tuple[str, ...] = setting(
        (), "Folders, and addresses of the web, outside which a configuration may name no file; none: anywhere."
    )
    workers: int = setting(1, "Processes of `serve`; 0 takes one for each core.", high=256)
    uds: str = setting("", "Path of a Unix socket to listen on instead of host and port.")
    memcached: tuple[str, ...] = setting(
        (),
        "Memcached servers that keep tiles for all processes: host:port, or the path of a Unix socket.",
        alias=("TILEMAKER_CACHE_TYPE", "TILEMAKER_MEMCACHED_HOST", "TILEMAKER_MEMCACHED_PORT"),
    )
    memcached_timeout: int = setting(
        100,
        "Milliseconds that a tile may wait for memcached.",
        low=1,
        high=10_000,
        alias="TILEMAKER_MEMCACHED_TIMEOUT_SECONDS",
    )
    memcached_prefix: str = setting("armillary", "Beginning of the keys in memcached.")
    metrics: bool = setting(not YES, "Answer /metrics, for Prometheus.")
    metrics_callers: tuple[str, ...] = setting(
        ("127.0.0.0/8", "::1"), "Addresses and networks that may ask for /metrics without being administrators."
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), "Addresses and networks of proxies whose X-Forwarded headers are believed; `unix` for a Unix socket."
    )
    name_resolver: str = setting(
        "https://cds.unistra.fr/cgi-bin/nph-sesame",
        "Sesame service that finds objects by their names; off: names are not looked up.",
        off=True,
    )
    log_level: str = setting("warning", "Least severity that is logged.", choices=("debug", "info", "warning", "error"))
    log_format: str = setting("text", "Form of the log lines on standard error.", choices=("text", "json"))


def table() -> tuple[Field[Any], ...]:
    """The fields of ``Settings`` in order."""
    return fields(Settings)


def named(name: str) -> Field[Any]:
    """One field by its name; hyphens count as underscores.

    Raises
    ------
    ConfigurationError
        There is none of that name.
    """
    known = {entry.name: entry for entry in table()}
    found = known.get(name.replace("-", "_"))
    if found is None:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else " `armillary config show` lists the settings."
        raise ConfigurationError(f"There is no setting {name!r}.{hint}")
    return found


def environment_names(entry: Field[Any]) -> tuple[str, ...]:
    """Environment variables of a setting, the strongest first."""
    alias = entry.metadata.get("alias", ())
    return (f"ARMILLARY_{entry.name.upper()}", *((alias,) if isinstance(alias, str) else alias))


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word in TRUE_WORDS | FALSE_WORDS:
        return word in TRUE_WORDS
    raise ValueError("is neither true nor false")


def _whole(raw: Any) -> int:
    try:
        if isinstance(raw, bool) or (isinstance(raw, float) and not raw.is_integer()):
            raise ValueError  # noqa: TRY301 - one message for every shape of it
        return int(raw) if not isinstance(raw, str) else int(raw, 10)
    except (ValueError, TypeError, OverflowError):
        raise ValueError("is not a whole number") from None


def _words(raw: Any) -> tuple[str, ...]:
    if isinstance(raw, str):
        raw = json.loads(raw) if raw.lstrip().startswith("[") else [word.strip() for word in raw.split(",")]
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple) or not all(isinstance(word, str) for word in raw):
        raise ValueError("is not a list of words")
    return tuple(word for word in raw if word)


def _text(raw: Any) -> str:
    if not isinstance(raw, str) or not raw.isprintable():
        raise ValueError("is not text of one line")
    return raw


def _lines(raw: Any) -> str:
    """Text of several lines; where a file of variables cannot hold them, backslash and n end a line."""
    text = raw.replace("\\n", "\n").replace("\r\n", "\n").strip() if isinstance(raw, str) else "\0"
    if not all(line.isprintable() for line in text.split("\n")):
        raise ValueError("is not text")
    return text


PARSERS = {bool: _flag, int: _whole, tuple: _words, str: _text}


def _check(entry: Field[Any], value: Any) -> None:
    rules = entry.metadata
    if "choices" in rules and value not in rules["choices"]:
        raise ValueError(f"is none of {', '.join(rules['choices'])}")
    if isinstance(value, bool) or not isinstance(value, int):
        return
    low, high = rules.get("low", 0), rules.get("high", math.inf)
    if not low <= value <= high:
        raise ValueError(f"is not between {low} and {high}")
    if rules.get("power_of_two") and value & (value - 1):
        raise ValueError("is not a power of two")


def parse(entry: Field[Any], raw: Any, origin: str) -> Any:
    """Value of a setting from text or TOML.

    Raises
    ------
    ConfigurationError
        It has the wrong type or is out of bounds; the message names the setting and where it came from.
    """
    try:
        if entry.metadata.get("off") and str(raw).strip().lower() in FALSE_WORDS:
            return ""
        parser = _lines if entry.metadata.get("lines") else PARSERS[type(entry.default)]
        value: Any = parser(raw)
        _check(entry, value)
    except ValueError as error:
        shown = "its value" if entry.metadata.get("secret") else repr(raw)
        raise ConfigurationError(f"{entry.name} ({origin}): {shown} {error}.") from None
    if entry.name == "root_path" and value:
        return "/" + value.strip("/")
    return value


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings and where each came from: ``default``, ``file``, the name of a variable, or ``option``."""

    settings: Settings
    origins: Mapping[str, str]


def combine(file: Mapping[str, Any], environment: Mapping[str, str], options: Mapping[str, Any]) -> Loaded:
    """Settle every setting.

    Parameters
    ----------
    file
        Content of the TOML file.
    environment
        Such as ``os.environ``.
    options
        Options given on the command line, None where not given.

    Raises
    ------
    ConfigurationError
        An unknown name in the file, or a bad value anywhere.
    """
    found: dict[str, tuple[Any, str]] = {named(name).name: (raw, "file") for name, raw in file.items()}
    for entry in table():
        for variable in reversed(environment_names(entry)):
            raw = tilemaker.meant(variable, environment, entry.name)
            if raw is not None:
                found[entry.name] = (raw, variable)
        if options.get(entry.name) is not None:
            found[entry.name] = (options[entry.name], "option")
    values = {name: parse(named(name), raw, origin) for name, (raw, origin) in found.items()}
    origins = {entry.name: found[entry.name][1] if entry.name in found else "default" for entry in table()}
    return Loaded(Settings(**values), origins)
