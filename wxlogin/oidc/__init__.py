"""The door to the site: OpenID Connect and what goes with it, without HTTP."""
