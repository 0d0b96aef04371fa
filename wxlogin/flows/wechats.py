"""The WeChats of an account as its page names them: each with its own name, picture
and apps, so that nobody takes off the wrong one.

What WeChat gave through each is kept since 0.1.0 (`Identity.nickname`). For who has not
signed in since, the account's own name stands where there is one WeChat only, and
where two accounts became one the names that those had.

An account keeps one picture. That of a WeChat which has another is fetched when its
owner looks, and held in the ticket store for a while. The page waits for nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from wxlogin.accounts import avatars, wechats
from wxlogin.accounts.avatars import source_of
from wxlogin.accounts.people import Account, IdentityView
from wxlogin.accounts.sessions import Visitor
from wxlogin.accounts.wechats import Company, WeChat
from wxlogin.db import now, read
from wxlogin.errors import NotFound
from wxlogin.flows.avatars import fetchable, look
from wxlogin.service import running

#: Seconds that the picture of a WeChat is held for its owner.
HELD_SECONDS = 600
# As much of what is kept of an address as its version in ours needs.
_VERSION_LENGTH = 16


@dataclass(frozen=True)
class Shown:
    """One WeChat of the visitor's account."""

    #: An identity of it, by which the whole of it is taken off.
    identity_id: int
    #: Empty where WeChat has not named one.
    name: str
    #: The version of its picture; None where none is kept.
    picture: str | None
    #: The version of the one that `picture` has fetched; None where it fetches none.
    to_fetch: str | None
    #: By which apps it came, the one used last first.
    identities: tuple[IdentityView, ...]
    #: Did this session come by it?
    is_visitors: bool
    removable: bool

    @property
    def last_seen_at(self) -> datetime:
        return self.identities[0].last_seen_at


def shown(visitor: Visitor, account: Account) -> tuple[Shown, ...]:
    """The WeChats of the visitor's account, the first first."""
    found = read(lambda session: wechats.company(session, visitor.user_id))
    mine, at = found.of(visitor.identity_id), now()
    kept = avatars.versions_of(visitor.user_id)
    alone = len(found.wechats) == 1
    of_account = avatars.version_of(visitor.user_id) if alone else None

    def shows(one: WeChat) -> Shown:
        url = _to_fetch(one, visitor, kept)
        return Shown(
            min(one.identities),
            _name(one, found) or (account.profile.nickname if alone else ""),
            None if url else kept.get(source_of(one.avatar or "")) or of_account,
            source_of(url).hex()[:_VERSION_LENGTH] if url else None,
            _latest(one, account.identities),
            one == mine,
            found.may_go(one, by=mine, at=at),
        )

    return tuple(shows(one) for one in found.wechats)


def picture(visitor: Visitor, identity_id: int) -> bytes | None:
    """The picture `to_fetch` of the WeChat with this identity, as a JPEG of ours; None
    for none. Raises NotFound for a WeChat that is not on the visitor's account.
    """
    found = read(lambda session: wechats.company(session, visitor.user_id))
    one = found.of(identity_id)
    if one is None:
        raise NotFound("no such WeChat on the visitor's account")
    url = _to_fetch(one, visitor, avatars.versions_of(visitor.user_id))
    if url is None:
        return None
    # A picture is held for one address of one WeChat.
    key = f"wechat-{min(one.identities)}-{source_of(url).hex()}"
    return look(key, url, seconds=HELD_SECONDS)


def _to_fetch(
    wechat: WeChat, visitor: Visitor, kept: dict[bytes, str | None]
) -> str | None:
    """The address of its picture, unless we have been there or a sign-in goes there."""
    url = wechat.avatar
    if not url or url == visitor.profile.avatar or source_of(url) in kept:
        return None
    return fetchable(running().settings, url)


def _name(wechat: WeChat, company: Company) -> str:
    if wechat.nickname:
        return wechat.nickname
    for joining in company.joinings:
        if joining.is_merge and joining.concerns(wechat):
            is_elder = joining.elder == wechat
            return joining.elder_name if is_elder else joining.newcomer_name
    return ""


def _latest(
    wechat: WeChat, identities: Iterable[IdentityView]
) -> tuple[IdentityView, ...]:
    own = (one for one in identities if one.id in wechat.identities)
    return tuple(sorted(own, key=lambda one: one.last_seen_at, reverse=True))
