"""What a provider's claims say of name and grants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.accounts.names import grant_name
from armillary.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_GRANTS = 1000


def find(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of a name; where there is none, dots lead into objects. None where there is nothing."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(step)
    return found


def grants_of(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """Grants that a claim lists: a list of texts, or one text of words. What is no grant's name is left out."""
    found = find(claims, path)
    words = found.replace(",", " ").split() if isinstance(found, str) else found
    if not isinstance(words, list):
        return frozenset()
    return frozenset(word for word in words[:MOST_GRANTS] if isinstance(word, str) and _is_grant(word))


def _is_grant(word: str) -> bool:
    try:
        return grant_name(word) == word
    except ParameterError:
        return False


def name_of(claims: Mapping[str, Any], path: str) -> str:
    """The user's name for people; the subject where the claim says nothing."""
    found = find(claims, path)
    name = found if isinstance(found, str) and found.strip() and found.isprintable() else claims["sub"]
    return str(name)[:128]
