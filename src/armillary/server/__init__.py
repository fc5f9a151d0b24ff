"""The web application: routes, authentication, caches."""
