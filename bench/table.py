"""Rows of results: how they are made, printed and kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Row = dict[str, "str | float | None"]
KEYS = ("name", "value", "unit", "floor", "peer", "ratio_to_floor", "ratio_to_peer")


def row(name: str, value: float, unit: str, *, floor: float | None = None, peer: float | None = None) -> Row:
    """One result; ratios are value over floor and value over peer, whatever is better, more or less."""
    return {
        "name": name, "value": value, "unit": unit, "floor": floor, "peer": peer,
        "ratio_to_floor": value / floor if floor else None, "ratio_to_peer": value / peer if peer else None,
    }  # fmt: skip


def _number(value: str | float | None) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def lines(rows: list[Row]) -> list[str]:
    """The rows as an aligned table."""
    cells = [list(KEYS), *([_number(row.get(key)) for key in KEYS] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(KEYS))]
    texts = (0, 2)
    return [
        "  ".join(
            cell.ljust(width) if i in texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]


def keep(rows: list[Row], path: Path) -> None:
    """Write the rows as JSON."""
    kept = [{key: row.get(key) for key in KEYS} for row in rows]
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
