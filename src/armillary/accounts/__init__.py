"""Users, groups and password hashes in a database; no HTTP."""
