"""Names of crews: from one, whoever runs on the same machine can tell that the crew is gone."""

from __future__ import annotations

from armillary.storage.processes import is_gone
from armillary.storage.processes import process_name as crew_name

__all__ = ["crew_name", "is_gone"]
