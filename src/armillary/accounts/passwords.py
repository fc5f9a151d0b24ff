"""Password hashes: argon2id."""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING

from armillary.errors import ConfigurationError, ParameterError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 8, 1024
TIME_COST, MEMORY_KIB, LANES = 2, 47104, 1
"""Twice the passes of OWASP's strongest line for argon2id (46 MiB, 1 pass, 1 lane)."""

MISSING = "Accounts need further packages: pip install 'armillary[accounts]'."


@functools.cache
def hasher() -> PasswordHasher:
    """The hasher.

    Raises
    ------
    ConfigurationError
        Its package is not installed.
    """
    try:
        from argon2 import PasswordHasher
    except ImportError:
        raise ConfigurationError(MISSING) from None
    return PasswordHasher(time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=LANES)


def _normal(password: str) -> bytes:
    """The same bytes for the same characters, however a keyboard composed them (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def check_new(name: str, password: str) -> None:
    """Refuse a password that is none.

    Raises
    ------
    ParameterError
        It is too short, too long, or the user's name.
    """
    if len(password) < SHORTEST:
        raise ParameterError("password", f"is too short: use at least {SHORTEST} characters")
    if len(_normal(password)) > LONGEST:
        raise ParameterError("password", f"is too long: use at most {LONGEST} bytes")
    if password.strip().lower() == name:
        raise ParameterError("password", "is the user's name: use another")


def make(password: str) -> str:
    """Hash of a password, in the PHC string form."""
    return hasher().hash(_normal(password))


@functools.cache
def _nobody() -> str:
    return make("the password of nobody")


def matches(known: str | None, password: str) -> bool:
    """Whether ``password`` is the one of the hash; without a hash it takes as long to say no.

    Parameters
    ----------
    known
        None for a user that there is not, or that has no password.
    """
    from argon2.exceptions import InvalidHashError, VerificationError

    offered = _normal(password)
    if len(offered) > LONGEST:
        known, offered = None, b""
    try:
        hasher().verify(known or _nobody(), offered)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def is_stale(known: str) -> bool:
    """Whether a hash was made with other parameters than those of now."""
    return hasher().check_needs_rehash(known)
