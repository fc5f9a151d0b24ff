"""Which result store an address means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armillary.jobs.results import ResultStore


def open_results(address: str) -> ResultStore:
    """The files of jobs at an address; nothing is opened before it is needed.

    Parameters
    ----------
    address
        Path of a folder, ``file://`` and the path, or whatever else fsspec takes, such as ``s3://bucket/folder``.
    """
    if address.startswith("file://"):
        address = address.removeprefix("file://")
    if "://" in address:
        from armillary.jobs.object_results import ObjectResults

        return ObjectResults(address)
    from armillary.jobs.folder_results import FolderResults

    return FolderResults(Path(address).expanduser().absolute())
