"""What the server signed, nobody else made: session cookies, and the marks against forged requests."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import os
import secrets
import time
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHORTEST_SECRET = 16
MARK_BYTES = 24


class Signer:
    """Signs short texts with one secret, each purpose for itself.

    Parameters
    ----------
    secret
        Of all processes.
    clock
        Seconds since 1970.
    """

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock

    def mark(self, purpose: str, text: str) -> str:
        """Mark of ``text``: 32 characters that fit into a header."""
        message = f"armillary {purpose}\0{text}".encode("utf-8", "surrogatepass")
        found = hmac.new(self._secret, message, "sha256").digest()[:MARK_BYTES]
        return base64.urlsafe_b64encode(found).decode()

    def is_mark(self, offered: str, purpose: str, text: str) -> bool:
        """Whether ``offered`` is the mark of ``text``; takes as long for any."""
        expected = self.mark(purpose, text).encode()
        return hmac.compare_digest(offered.encode("utf-8", "surrogatepass"), expected)

    def sign(self, purpose: str, text: str) -> str:
        """``text.mark``."""
        return f"{text}.{self.mark(purpose, text)}"

    def read(self, purpose: str, signed: str) -> str:
        """The text of ``sign``; empty where it is not ours."""
        text, _, offered = signed.rpartition(".")
        return text if text and self.is_mark(offered, purpose, text) else ""

    def seal(self, purpose: str, values: dict[str, Any], seconds: int) -> str:
        """A few values, signed, for some time; whoever has them can read them."""
        body = json.dumps({**values, "until": int(self._clock()) + seconds}, separators=(",", ":"))
        return self.sign(purpose, base64.urlsafe_b64encode(body.encode()).decode().rstrip("="))

    def open(self, purpose: str, sealed: str) -> dict[str, Any] | None:
        """The values of ``seal``; None where they are not ours or too old."""
        text = self.read(purpose, sealed)
        if not text:
            return None
        values: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return values if values["until"] > self._clock() else None


def secret_of(setting: str, database: Path | None) -> bytes:
    """The secret of the sessions.

    Parameters
    ----------
    setting
        ``session_secret``.
    database
        The file of accounts, beside which a random secret is kept where the setting is empty.

    Raises
    ------
    ConfigurationError
        The secret is too short; there is neither a setting nor a file; the file cannot be used.
    """
    if setting:
        if len(setting) < SHORTEST_SECRET:
            raise ConfigurationError(f"session_secret: use at least {SHORTEST_SECRET} characters.")
        return setting.encode()
    if database is None:
        raise ConfigurationError("session_secret: must be set where the accounts are not in a file of SQLite.")
    return _kept(database.with_name(database.name + ".secret"))


def _kept(path: Path) -> bytes:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _write_once(path, secrets.token_bytes(32))
        found = path.read_bytes()
    except OSError as error:
        message = f"session_secret: {path.name} cannot be used ({error.strerror or error}): set the secret."
        raise ConfigurationError(message) from None
    if len(found) < SHORTEST_SECRET:
        raise ConfigurationError(f"session_secret: {path.name} is damaged: remove it, or set the secret.")
    return found


def _write_once(path: Path, content: bytes) -> None:
    """Of several processes that start together one wins, and none ever sees half a file."""
    part = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, path)
    finally:
        part.unlink(missing_ok=True)
