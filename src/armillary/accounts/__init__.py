"""Users, groups, grants, sessions and password hashes in a database; no HTTP."""
