"""Under which origin people and programs see the simulator."""

from flask import current_app, request


def origin() -> str:
    """`http://localhost:5001`, without a slash at the end.

    The configured public origin, otherwise the host that this request named.
    """
    configured: str | None = current_app.config["PUBLIC_ORIGIN"]
    return configured or request.host_url.rstrip("/")
