"""Sphinx configuration: offline, every warning is an error (``sphinx-build -W -n docs docs/_build``)."""

from armillary import __version__

project = "Armillary"
author = "The Armillary developers"
copyright = author  # noqa: A001 — the name that Sphinx reads
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "README.md"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Armillary {release}"
html_show_copyright = False

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
napoleon_use_rtype = False
napoleon_use_ivar = True

# Types of other packages are named, not linked: the documentation is built with no network.
nitpick_ignore_regex = [
    ("py:.*", r"(numpy|np|npt|NDArray|collections|os|pathlib|typing|optional|abc|memoryview|pytest|dataclass).*"),
    ("py:class", r"(?!armillary\.).*"),
]
