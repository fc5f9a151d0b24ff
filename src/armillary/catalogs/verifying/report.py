"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, or that a reader should know.

    Parameters
    ----------
    check
        Which check it is of, a word.
    where
        File, partition or property.
    message
        What is wrong.
    serious
        Whether the catalog is bad for it.
    """

    check: str
    where: str
    message: str
    serious: bool = True

    def __str__(self) -> str:
        return f"{'' if self.serious else 'note: '}{self.where}: {self.message}"


@dataclass(slots=True)
class Report:
    """All of them.

    Parameters
    ----------
    name
        Of the catalog.
    kind
        Its kind; ``collection`` for one.
    faults
        What was found.
    partitions, rows
        How many there are, and how many were read.
    """

    name: str
    kind: str = ""
    faults: list[Fault] = field(default_factory=list)
    partitions: int = 0
    partitions_read: int = 0
    rows: int = 0
    rows_read: int = 0

    @property
    def good(self) -> bool:
        """Whether nothing serious was found."""
        return not any(fault.serious for fault in self.faults)

    def add(self, check: str, where: str, message: str, *, serious: bool = True) -> None:
        """A fault, or a note."""
        self.faults.append(Fault(check, where, message, serious))

    def take(self, other: Report) -> None:
        """All that another report found, of a catalog that belongs to this one."""
        self.faults += [
            Fault(fault.check, f"{other.name}: {fault.where}", fault.message, fault.serious) for fault in other.faults
        ]
        self.partitions += other.partitions
        self.partitions_read += other.partitions_read
        self.rows += other.rows
        self.rows_read += other.rows_read

    @property
    def words(self) -> str:
        """A line that says how it is."""
        serious = sum(fault.serious for fault in self.faults)
        found = "good" if self.good else f"{serious} fault{'s' if serious != 1 else ''}"
        return (
            f"{self.name} ({self.kind or 'unknown'}): {found}; {self.rows_read:,} of {self.rows:,} rows in "
            f"{self.partitions_read:,} of {self.partitions:,} partitions were looked at"
        )
