"""The WeChats of an account as its page names them: each with its own name, picture
and apps, so that nobody takes off the wrong one.

What WeChat gave through each is kept since 0.1.0 (`Identity.nickname`). For who has not
signed in since, the account's own name stands where there is one WeChat only, and
where two accounts became one the names that those had.
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


@dataclass(frozen=True)
class Shown:
    """One WeChat of the visitor's account."""

    #: An identity of it, by which the whole of it is taken off.
    identity_id: int
    #: Empty where WeChat has not named one.
    name: str
    #: The version of its picture; None where we have none.
    picture: str | None
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
    pictures = avatars.versions_of(visitor.user_id)
    alone = len(found.wechats) == 1
    of_account = avatars.version_of(visitor.user_id) if alone else None
    return tuple(
        Shown(
            min(one.identities),
            _name(one, found) or (account.profile.nickname if alone else ""),
            pictures.get(source_of(one.avatar or "")) or of_account,
            _latest(one, account.identities),
            one == mine,
            found.may_go(one, by=mine, at=at),
        )
        for one in found.wechats
    )


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
