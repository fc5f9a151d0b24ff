"""Who asks, and what that caller may see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Access:
    """A caller.

    Parameters
    ----------
    name
        For logs.
    grants
        Grants the caller holds.
    everything
        Sees every layer: the owner of the session, who holds its token.
    administrator
        Is told why something is not shown.
    """

    name: str = "anonymous"
    grants: frozenset[str] = frozenset()
    everything: bool = False
    administrator: bool = False

    def may_see(self, grant: str | None) -> bool:
        """Whether something that needs ``grant`` (None: nothing) is visible."""
        return grant is None or self.everything or grant in self.grants

    def among(self, grants: frozenset[str | None]) -> Access:
        """The caller as far as these grants, which are all there are, tell callers apart."""
        held = frozenset() if self.everything else self.grants & grants
        return Access("", held, self.everything, self.administrator)


ANONYMOUS = Access()
OWNER = Access(name="owner", everything=True, administrator=True)
