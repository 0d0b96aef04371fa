"""What an OAuth endpoint is asked and answers, without HTTP around it.

A call is read by Authlib as it is. Two of Authlib's habits are left out: it refuses
http by an environment variable (we judge PUBLIC_URL at start-up), and it writes return
addresses anew, while a registered address has to stay as it is, character for
character.

A refusal is in OAuth's own words (RFC 6749 sections 4.1.2.1 and 5.2). Its description
is for the site's developer: plain ASCII without quotes, as the RFC wants it, and
nothing of what was sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import OAuth2Payload

from wxlogin.config.urls import as_sent
from wxlogin.observability import get_logger

#: Bytes of a text that a site wants back as it was. It waits in our store meanwhile,
#: and goes back in a URL, which some servers cut at two kilobytes.
LONGEST_ECHO = 1024
_ADDRESSES = ("redirect_uri", "post_logout_redirect_uri")


@dataclass(frozen=True)
class Call(OAuth2Payload):
    """A request to one of our endpoints: parameters as they came, doubled ones too."""

    method: str
    parameters: Mapping[str, Sequence[str]] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)

    @cached_property
    def data(self) -> dict[str, str]:
        """Each parameter that says something, for Authlib."""
        return {name: text for name in self.parameters if (text := self.one(name))}

    @property
    def datalist(self) -> Mapping[str, Sequence[str]]:
        """The same with those that are doubled."""
        return self.parameters

    def one(self, name: str) -> str | None:
        """The parameter's value; an empty one counts as none (RFC 6749 3.1).

        A return address whose host is of another script (`商店.example`) is read as
        browsers and SITES write it, once and for all: who only compared it so, and
        sent people to the letters that came, might send them elsewhere, since there
        is more than one way to make `xn--` of a name.
        """
        values = self.parameters.get(name, ())
        text = (values[0] or None) if values else None
        return as_sent(text) if text and name in _ADDRESSES else text

    def doubled(self, names: Sequence[str]) -> list[str]:
        """Those of these parameters that came more than once."""
        return [name for name in names if len(self.parameters.get(name, ())) > 1]

    def no_echo(self, names: Sequence[str]) -> list[str]:
        """Those of these parameters that we cannot keep and give back: longer than
        LONGEST_ECHO, or with other characters than RFC 6749 appendix A.5 has for
        `state`, which are those of printable ASCII."""
        texts = {name: self.one(name) or "" for name in names}
        return [name for name, text in texts.items() if not _is_echo(text)]

    def longer(self, names: Sequence[str], most: int) -> list[str]:
        """Those of these parameters that have more than `most` bytes."""
        sizes = {name: (self.one(name) or "").encode() for name in names}
        return [name for name, text in sizes.items() if len(text) > most]


def _is_echo(text: str) -> bool:
    return len(text) <= LONGEST_ECHO and text.isascii() and text.isprintable()


@dataclass(frozen=True)
class Reply:
    """What to answer: JSON, or fields to take along to a return address."""

    status: int
    body: Any = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: The return address; None for an answer to the caller itself.
    to: str | None = None
    #: `form_post` hands the fields over by a form, `query` in the URL, `fragment` in
    #: the part of it that no server is sent (OAuth 2.0 Multiple Response Types 2.1).
    mode: str = "query"

    @property
    def location(self) -> str:
        """The return address with the fields in its query or fragment."""
        assert self.to is not None  # noqa: S101  an answer that leads back
        # A registered address has no fragment of its own (RFC 6749 section 3.1.2).
        joint = "#" if self.mode == "fragment" else "&" if "?" in self.to else "?"
        return self.to + joint + urlencode(self.body)


def refusal(error: str, description: str, status: int = 400) -> OAuth2Error:
    """An error of this name, to be raised."""
    return OAuth2Error(error=error, description=description, status_code=status)


def invalid_request(description: str) -> OAuth2Error:
    return refusal("invalid_request", description)


def invalid_grant(description: str) -> OAuth2Error:
    return refusal("invalid_grant", description)


class ClientRefused(OAuth2Error):
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
