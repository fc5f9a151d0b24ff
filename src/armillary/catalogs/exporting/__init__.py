"""Rows on their way out: Parquet, CSV, VOTable and FITS, written as they come, in bounded memory."""
