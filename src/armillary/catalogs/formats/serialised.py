"""The YAML with which astropy describes columns: in ECSV headers and in Parquet metadata (APE 6)."""

from __future__ import annotations

from typing import Any

from armillary.catalogs.fields import Field

MAX_YAML_BYTES = 1 << 20
MAX_DEPTH = 64
"""Of lists and mappings in each other: the library goes down into them without a bound of its own, until it crashes."""
MERGE = "<<"
"""Key that copies mappings, in a few lines more often than memory lasts."""


def words_of_yaml(text: bytes) -> dict[str, Field]:
    """Fields by name; empty where the text is none, too long or of another form."""
    return {field.name: field for field in fields_of(parse_yaml(text))}


def parse_yaml(text: bytes) -> dict[str, Any]:
    """The mapping that a text is, empty where it is none."""
    import yaml

    if not text or len(text) > MAX_YAML_BYTES:
        return {}
    said, loader = text.decode("utf-8", "replace"), _Plain.loader()
    try:
        content = yaml.load(said, Loader=loader) if _is_harmless(said, loader) else None  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _is_harmless(text: str, loader: Any) -> bool:
    """Whether a text can be loaded, by its events alone."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or (isinstance(event, yaml.ScalarEvent) and event.value == MERGE):
            return False
    return True


def fields_of(content: dict[str, Any]) -> list[Field]:
    """Fields of the list ``datatype``."""
    listed = content.get("datatype")
    made = []
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and "name" in entry:
            meta = entry.get("meta")
            ucd = meta.get("ucd", "") if isinstance(meta, dict) else ""
            words = (entry.get("datatype", ""), entry.get("unit", ""), ucd, entry.get("description", ""))
            made.append(Field(_word(entry["name"]), *map(_word, words)))
    return made


def _word(value: object) -> str:
    """A scalar as text. Of lists nothing: those that name each other are short, and their text has no end."""
    return "" if value is None or isinstance(value, list | dict | tuple | set) else str(value)


class _Plain:
    """A safe YAML loader that takes tags it does not know for what they are written as."""

    _made: Any = None

    @classmethod
    def loader(cls) -> Any:
        if cls._made is None:
            import yaml

            base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            made: Any = type("PlainLoader", (base,), {})
            made.add_multi_constructor("", cls._any)
            cls._made = made
        return cls._made

    @staticmethod
    def _any(loader: Any, _tag: str, node: Any) -> Any:
        import yaml

        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)
