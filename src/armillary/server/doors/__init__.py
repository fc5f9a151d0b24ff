"""Who asks: a request becomes an ``Access``, by the mode that the setting ``auth`` names."""

from armillary.server.doors.door import Caller, Door, Page
from armillary.server.doors.make import make_door

__all__ = ["Caller", "Door", "Page", "make_door"]
