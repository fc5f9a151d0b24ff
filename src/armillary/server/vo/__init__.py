"""Routes of the Virtual Observatory: each parses by ``armillary.vo``, asks the gate, calls one service, answers."""
