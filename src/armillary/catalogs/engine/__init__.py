"""Work in many tasks: here or on Dask, remembered in a journal, told as it goes."""
