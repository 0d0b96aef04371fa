"""What a site is told of a person, by what it asked for (its scope).

OpenID Connect Core 5.1 and 5.4. The same claims stand in the ID token and in the
answer of /oauth2/userinfo, so a site may leave the second call out.

`sub` is our own id of the account, in every site the same; no openid and no unionid
is in it (security row 118), those are told by the scope `wechat`. It stays when
two accounts prove to be one person: `former_subs` are the ids that became this one.
"""

import base64
import hashlib
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2 import OAuth2Error
from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from wxlogin.accounts import avatars, followers, people
from wxlogin.accounts.people import Account, Holder
from wxlogin.config import Settings, Site
from wxlogin.config.claim_map import PROFILE_CLAIMS
from wxlogin.db import read
from wxlogin.errors import AccountGone
from wxlogin.oidc import access_tokens, signed_tokens
from wxlogin.oidc.access_tokens import Issued
from wxlogin.oidc.messages import refusal
from wxlogin.service import running
from wxlogin.sites import members

#: Where PUBLIC_URL has no name of its own. It never exists (RFC 2606 section 2, RFC
#: 6761 section 6.4): nobody can receive what is sent there, or prove that it is theirs.
PLACEHOLDER_DOMAIN = "users.wxlogin.invalid"
#: All that `user_claims` may say.
CLAIMS = (
    "sub",
    "former_subs",
    "external_id",
    "groups",
    *PROFILE_CLAIMS,
    "wechat",
    "email",
    "email_verified",
)
#: It says who signed in and is read at once; the site's own session comes after it.
ID_TOKEN_LIFETIME = timedelta(minutes=10)
#: What stands in it besides the claims about the person.
ID_TOKEN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "sid")
# `zh_CN` as WeChat writes it.
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,8}){0,2}")


class NamedIdentity(TypedDict):
    """What WeChat calls the person in one app. `app` is its name in APPS; null where it
    has been taken out there."""

    app: str | None
    kind: str
    openid: str


class WeChatNames(TypedDict):
    """WeChat's names for the person. `following`: does the person follow an official
    account of ours? null where WeChat has not said."""

    identities: list[NamedIdentity]
    unionid: str | None
    following: bool | None


def user_claims(site: Site, user_id: int, scope: Collection[str]) -> dict[str, Any]:
    """What this site may know of the user. Raises AccountGone.

    What is not known is left out, never empty.
    """

    def look(session: Session) -> dict[str, Any]:
        named = people.account_in(session, user_id) if "wechat" in scope else None
        user = named or people.holder_in(session, user_id)
        claims = {"sub": user.uid, **_ours(session, site, user)}
        if "profile" in scope:
            claims |= _profile(session, user)
        if named:
            claims["wechat"] = wechat(named)
        if site.email == "placeholder":
            claims |= _email(site, user)
        return claims | _as_expected(site, claims)

    return read(look)


def id_token(site: Site, issued: Issued, *, at: datetime) -> str:
    """The signed ID token of this sign-in. Raises AccountGone.

    OpenID Connect Core 2 and 3.1.3.6 say what is in it (row 117).
    """
    claims: dict[str, Any] = {
        "iss": running().settings.public_url,
        "aud": site.client_id,
        "exp": int((at + ID_TOKEN_LIFETIME).timestamp()),
        "iat": int(at.timestamp()),
        "auth_time": int(issued.auth_time.timestamp()),
        "at_hash": _half_hash(issued.access_token),
        "sid": issued.sid,
        **user_claims(site, issued.user_id, issued.scope),
    }
    if issued.nonce is not None:
        claims["nonce"] = issued.nonce
    return signed_tokens.sign(claims, alg=site.id_token_alg, typ=signed_tokens.ID_TOKEN)


def claims_for(token: str, *, at: datetime) -> dict[str, Any]:
    """What the site of this token may know now of its user.

    OpenID Connect Core 5.3, RFC 6750 section 3.1.

    `sub` is that of the ID token. Raises OAuth2Error: invalid_token for anything but
    a live access token, an ID token among them (security row 117);
    insufficient_scope for one that was not given for `openid`.
    """
    found = access_tokens.find(token, at=at)
    site = running().settings.site_of(found.client_id) if found else None
    if found is None or site is None:
        raise _invalid()
    if "openid" not in found.scope:
        description = "This token was given without the scope openid."
        raise refusal("insufficient_scope", description, 403)
    try:
        return user_claims(site, found.user_id, found.scope)
    except AccountGone:
        raise _invalid() from None


def username(uid: str) -> str:
    """A user name for software that wants one: `wx-` and 16 of `a-z2-7`.

    It fits where others do (Unix and DNS names, the 20 characters of some forums) and
    survives being put into small letters. 80 bits of a digest of the account's id make
    it nobody else's, so it stays when the person is called something else; a nickname
    in its place would let strangers of one name in (OpenID Connect Core 5.7).
    """
    digest = hashlib.sha256(uid.encode()).digest()[:10]
    return "wx-" + base64.b32encode(digest).decode().lower()


def placeholder(settings: Settings, uid: str) -> str:
    """An address for software that cannot do without one; it never receives mail."""
    return f"{username(uid)}@{placeholder_domain(settings)}"


def placeholder_domain(settings: Settings) -> str:
    """EMAIL_DOMAIN, or `users.` before the host of PUBLIC_URL if that is a name.

    Software refuses the names that exist nowhere (email-validator: `.invalid`, joi: all
    that is no top-level domain), so the operator's own is used where there is one.
    """
    if settings.email_domain:
        return settings.email_domain
    host = settings.public.hostname or ""
    named = "." in host and not host.rpartition(".")[2].isdigit()
    return f"users.{host}" if named else PLACEHOLDER_DOMAIN


def _as_expected(site: Site, claims: dict[str, Any]) -> dict[str, Any]:
    """What the site's claim map adds (config/claim_map.py)."""
    mapped: dict[str, Any] = {}
    for name, said in site.claims.items():
        if isinstance(said, str):
            if said in claims:
                mapped[name] = claims[said]
        elif name != "groups":
            # Groups stand among the claims already: the site may have said others.
            mapped[name] = list(said)
    return mapped


def _email(site: Site, user: Holder) -> dict[str, Any]:
    email = placeholder(running().settings, user.uid)
    claims: dict[str, Any] = {"email": email}
    if site.email_verified != "omit":
        claims["email_verified"] = site.email_verified
    return claims


def _ours(session: Session, site: Site, user: Holder) -> dict[str, Any]:
    known = members.look(session, site.client_id or "", user.user_id)
    claims: dict[str, Any] = {}
    if user.former_uids:
        claims["former_subs"] = user.former_uids
    if known is not None and known.external_id is not None:
        claims["external_id"] = known.external_id
    groups = known.groups if known is not None else None
    if groups is None and not isinstance(said := site.claims.get("groups"), str):
        groups = said
    if groups is not None:
        claims["groups"] = list(groups)
    return claims


def _profile(session: Session, user: Holder) -> dict[str, Any]:
    version = avatars.version_in(session, user.user_id)
    claims = {
        "name": user.profile.nickname or None,
        # Some software shows this one; WeChat knows one name, and no family's.
        "given_name": user.profile.nickname or None,
        "nickname": user.profile.nickname or None,
        "preferred_username": username(user.uid),
        "picture": avatars.url_of(running().settings, user.uid, version),
        "locale": _locale(user.profile.language),
        "updated_at": _seconds(user.profile_at),
    }
    return {name: value for name, value in claims.items() if value is not None}


def wechat(account: Account) -> WeChatNames:
    """WeChat's names for the person, here and in what /api tells."""
    names = running().settings.app_names
    return {
        "identities": [
            {
                "app": names.get(identity.appid),
                "kind": identity.kind,
                "openid": identity.openid,
            }
            for identity in account.identities
        ],
        "unionid": account.unionids[0].unionid if account.unionids else None,
        "following": _following(account.user_id),
    }


def _following(user_id: int) -> bool | None:
    """Does the person follow an account of ours? None where WeChat has not said."""
    accounts = running().settings.telling_accounts
    told = followers.of_user(user_id) if accounts else {}
    known = [told[app.appid] for app in accounts if app.appid in told]
    return any(known) if known else None


def _locale(language: str | None) -> str | None:
    """A language tag with hyphens (RFC 5646)."""
    if not language or not _LANGUAGE.fullmatch(language):
        return None
    return language.replace("_", "-")


def _seconds(at: datetime | None) -> int | None:
    return int(at.timestamp()) if at else None


def _half_hash(token: str) -> str:
    """The left half of the SHA-256 (both of our algorithms hash with it)."""
    half = hashlib.sha256(token.encode("ascii")).digest()[:16]
    return base64.urlsafe_b64encode(half).decode().rstrip("=")


def _invalid() -> OAuth2Error:
    description = "The access token is unknown, over, or was taken back."
    return refusal("invalid_token", description, 401)
