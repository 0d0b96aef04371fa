"""Calls of a site's server, by its client id and secret (HTTP Basic).

A site without a secret keeps none, so it has no server's calls either.
"""

from flask import request

from wxlogin.config import Site, current_settings
from wxlogin.errors import InvalidClient, KeyNeeded
from wxlogin.provider import clients


def calling_site() -> Site:
    """The site whose key this request carries. Raises KeyNeeded."""
    try:
        sent = request.headers.get("Authorization")
        return clients.site_of_basic(current_settings(), sent)
    except InvalidClient as error:
        raise KeyNeeded(error.operator, **error.facts) from None
