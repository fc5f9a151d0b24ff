"""Cross-match: for each row of one catalog the nearest rows of another within a radius."""
