"""What is on offer and to whom: discovery, the tree, the one gate."""

from armillary.holdings.access import ANONYMOUS, Access
from armillary.holdings.configuration import Configuration, open_configuration
from armillary.holdings.discovery import discover
from armillary.holdings.layers import Layer
from armillary.holdings.tree import Holdings

__all__ = ["ANONYMOUS", "Access", "Configuration", "Holdings", "Layer", "discover", "open_configuration"]
