"""Search of catalogs: where on the sky, which columns, which rows; read by need, written as they come."""
