"""Sky images, maps and catalogs on a remote machine, in the browser, from where they lie.

Importing this package costs nothing: every room is imported by the one above it when it is needed.
"""

__version__ = "0.1.0"
