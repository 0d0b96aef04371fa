"""Only pages of our own may change the world through a visitor's browser.

The simulator has no passwords. Programs on this machine may do anything; a foreign
web page that a visitor happens to have open may not.
"""

from flask import request


def is_foreign() -> bool:
    """Whether a browser sent this request on behalf of another site's page."""
    origin = request.headers.get("Origin")
    if origin is not None:
        return origin != request.host_url.rstrip("/")
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site not in ("none", "same-origin")
