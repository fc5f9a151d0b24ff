"""Whether a catalog is what it says: its files, its words, its rows, its margins; by ways of its own."""
