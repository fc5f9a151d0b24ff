"""Conformance suites for every contract, shipped for authors of plug-ins."""
