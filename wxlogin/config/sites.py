"""The sites that use us, as settings: whom we tell who signed in."""

import base64
import binascii
import re
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from wxlogin.config.claim_map import ClaimMap
from wxlogin.config.field_types import Accent, Link, Logo
from wxlogin.config.urls import called_address, origin, return_address
from wxlogin.config.written import Written

# Unreserved characters of a URL, so that a client id is spelled one way everywhere.
_CLIENT_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_HASHED = re.compile(r"sha256:[0-9a-f]{64}")
# Standard Webhooks: `whsec_` and 24 to 64 bytes in base64.
_WEBHOOK_PREFIX = "whsec_"

ReturnUri = Annotated[str, AfterValidator(return_address)]


class Registration(StrEnum):
    """What becomes of a person whom the site does not know."""

    #: An account, at once.
    open = "open"
    #: An account, once the person has agreed to the terms.
    ask = "ask"
    #: None.
    closed = "closed"


class Site(Written):
    """A website that uses us. `origins` may start with one `*.` label.

    With a `client_id` it may sign people in through OpenID Connect; without a
    `client_secret` it is a public client (RFC 6749 section 2.1).
    """

    prose: ClassVar[frozenset[str]] = frozenset({"name"})

    name: Annotated[str, Field(min_length=1, max_length=64)]
    origins: tuple[Annotated[str, AfterValidator(origin)], ...] = ()
    client_id: str | None = None
    #: The secret itself, or `sha256:` and its SHA-256 in hexadecimal.
    client_secret: Annotated[str | None, Field(min_length=24, repr=False)] = None
    #: Where a visitor who turns back is led, and where a sign-in at the site begins
    #: (OpenID Connect Core 4, `initiate_login_uri`).
    home: Link = ""
    start_url: Link = ""
    logo: Logo = ""
    accent: Accent | None = None
    redirect_uris: tuple[ReturnUri, ...] = ()
    post_logout_redirect_uris: tuple[ReturnUri, ...] = ()
    backchannel_logout_uri: str | None = None
    email: Literal["omit", "placeholder"] = "omit"
    #: What is said of a placeholder: the truth, what some software insists on, nothing.
    email_verified: bool | Literal["omit"] = False
    #: Claims under names that the site's software expects.
    claims: ClaimMap = Field(default_factory=dict)
    id_token_alg: Literal["RS256", "ES256"] = "RS256"  # noqa: S105  an algorithm
    #: None: as the setting REGISTRATION says.
    registration: Registration | None = None
    terms_url: Link = ""
    privacy_url: Link = ""
    terms_version: Annotated[str, Field(max_length=64)] = ""
    bind_url: str | None = None
    #: Name of the official account that people must follow before they go on to it.
    must_follow: Annotated[str, Field(max_length=32)] = ""
    webhook_url: str | None = None
    webhook_secret: Annotated[str | None, Field(repr=False)] = None
    #: May our server call this site at an address of an inner network?
    inside: bool = False

    @property
    def is_public(self) -> bool:
        """A client that can keep no secret: a native app, a page of scripts."""
        return self.client_secret is None

    @field_validator("client_id")
    @classmethod
    def _plain_id(cls, value: str | None) -> str | None:
        if value is not None and not _CLIENT_ID.fullmatch(value):
            raise ValueError("a client_id is letters, digits, . _ ~ and -, 64 at most")
        return value

    @field_validator("client_secret")
    @classmethod
    def _whole_hash(cls, value: str | None) -> str | None:
        if value and value.startswith("sha256:") and not _HASHED.fullmatch(value):
            raise ValueError(
                "behind sha256: stand 64 hexadecimal digits in small letters"
            )
        return value

    @field_validator("backchannel_logout_uri", "bind_url", "webhook_url")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        return None if value is None else called_address(value)

    @field_validator("webhook_secret")
    @classmethod
    def _standard_secret(cls, value: str | None) -> str | None:
        if value is not None and not 24 <= len(webhook_key(value)) <= 64:
            raise ValueError(
                "a webhook_secret is whsec_ and 24 to 64 random bytes in base64; make "
                "one with: echo whsec_$(openssl rand -base64 32)"
            )
        return value

    @model_validator(mode="after")
    def _belongs_together(self) -> "Site":
        if not self.client_id:
            named = [
                name
                for name in ("client_secret", "redirect_uris", "webhook_url")
                if getattr(self, name)
            ]
            if named:
                raise ValueError(f"{named[0]} needs a client_id beside it")
        if bool(self.webhook_url) != bool(self.webhook_secret):
            raise ValueError("webhook_url and webhook_secret go together")
        return self


def webhook_key(secret: str) -> bytes:
    """The bytes that sign a site's webhooks; none for what is no webhook secret."""
    if not secret.startswith(_WEBHOOK_PREFIX):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(_WEBHOOK_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return b""
