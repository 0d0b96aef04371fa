"""What an OAuth endpoint is asked and answers, without HTTP around it.

Authlib wants a request object of its own, and hands out answers as status, body and
headers. Two of its habits are left out: it refuses http by an environment variable
(we judge PUBLIC_URL at start-up), and it writes return addresses anew, while a
registered address has to stay as it is, character for character.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import OAuth2Payload

from wxlogin.config.addresses import as_sent

#: Bytes of a text that a site wants back as it was. It waits in our store meanwhile,
#: and goes back in a URL, which some servers cut at two kilobytes.
LONGEST_ECHO = 1024
_ADDRESSES = ("redirect_uri", "post_logout_redirect_uri")


@dataclass(frozen=True)
class Call:
    """A request to one of our endpoints: parameters as they came, doubled ones too."""

    method: str
    parameters: Mapping[str, Sequence[str]] = field(repr=False)
    authorization: str | None = field(default=None, repr=False)

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
    #: `form_post` hands the fields over by a form, `query` in the URL.
    mode: str = "query"

    @property
    def location(self) -> str:
        """The return address with the fields in its query."""
        assert self.to is not None  # noqa: S101  an answer that leads back
        joint = "&" if "?" in self.to else "?"
        return self.to + joint + urlencode(self.body)


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The parameters as Authlib reads them."""

    def __init__(self, call: Call) -> None:
        names = [name for name in call.parameters if call.one(name)]
        self._data = {name: call.one(name) for name in names}
        self._lists = defaultdict(
            list, {name: list(call.parameters[name]) for name in names}
        )

    @property
    def data(self) -> dict[str, str | None]:
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        return self._lists


class Request(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """A call as Authlib reads it."""

    def __init__(self, call: Call) -> None:
        # The one URL that Authlib looks at is the one we are on; it is not asked.
        super().__init__(call.method, "https://here.invalid/")
        self.call = call
        self.payload = Payload(call)
        if call.authorization:
            self.headers = {"Authorization": call.authorization}

    @property
    def form(self) -> dict[str, str | None]:
        return self.payload.data
