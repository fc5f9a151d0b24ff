"""HATS on disk (IVOA Note 1.0, 2025): names, properties, partitions, tables; hipscat, its older form, is read too."""
