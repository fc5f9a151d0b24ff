"""HATS catalogs of any size as they are looked at: density far out, rows near, pages, cones."""
