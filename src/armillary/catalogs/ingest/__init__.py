"""Import of tables into HATS: pieces of the input, partitions of the sky, one file for each."""
