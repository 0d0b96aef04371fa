"""Refusals in OAuth's own words (RFC 6749 sections 4.1.2.1 and 5.2).

`description` is for the site's developer: plain ASCII without quotes, as the RFC
wants it, and nothing of what was sent.
"""

from authlib.oauth2 import OAuth2Error

from wxlogin.observability import get_logger


def refusal(error: str, description: str, status: int = 400) -> OAuth2Error:
    """An error of this name, to be raised."""
    return OAuth2Error(error=error, description=description, status_code=status)


def invalid_request(description: str) -> OAuth2Error:
    return refusal("invalid_request", description)


def invalid_grant(description: str) -> OAuth2Error:
    return refusal("invalid_grant", description)


class ClientRefused(OAuth2Error):  # type: ignore[misc]  # Authlib has no types
    """The client is not who it says, or says nothing: 401 with a challenge."""

    error = "invalid_client"
    status_code = 401

    def get_headers(self) -> list[tuple[str, str]]:
        return [*super().get_headers(), ("WWW-Authenticate", 'Basic realm="wxlogin"')]


def put_on_record(error: OAuth2Error, client_id: str | None) -> None:
    """The log line for the site's developer, who may never see our answer."""
    get_logger().info(
        "site refused", client=client_id, error=error.error, why=error.description
    )
