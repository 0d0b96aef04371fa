"""A person opens a consent link in WeChat: is there a question, and what comes back?

- snsapi_base never asks. snsapi_userinfo does not ask a follower who comes from the
  account's own chat or menu, whatever forcePopup says, nor somebody who allowed it
  within about 30 days, unless forcePopup is set.
- Where there would be a question and the switch `snapshot` or forceSnapShot says so,
  WeChat opens a preview instead: the site gets the code of a virtual visitor.
  使用完整服务 asks the question after all, and comes back with the same state
  (developers.weixin.qq.com/community/minihome/doc/000c2c34068880629ced91a2f56001).
- Parameters stand before a `#`, and behind a `state` of the site's own. A refusal
  closes the page; only a switch brings it back with the state alone.
"""

from dataclasses import dataclass
from typing import Any

from ..protocol import SCOPE_BASE, append
from . import World
from .consent_link import Link, returned_state


@dataclass(frozen=True)
class Visit:
    """One person with one link.

    `from_menu` says that the page was opened from the account's chat or menu,
    `full_service` that the person tapped 使用完整服务 on a preview.
    """

    link: Link
    person: str
    from_menu: bool = False
    full_service: bool = False


def is_silent(world: World, visit: Visit) -> bool:
    """Whether the person is asked nothing and notices nothing."""
    link, person = visit.link, visit.person
    if link.scope == SCOPE_BASE:
        return True
    if visit.from_menu and world.relations.follows(link.app, person):
        return True
    return not link.force_popup and world.relations.consented_lately(link.app, person)


def is_preview(world: World, visit: Visit) -> bool:
    """Whether WeChat shows the site to a virtual visitor instead of asking."""
    wanted = visit.link.force_snapshot or _switch(world, visit, "snapshot")
    return bool(wanted) and not visit.full_service and not is_silent(world, visit)


def answer(world: World, visit: Visit, *, allow: bool) -> list[str]:
    """Where the browser goes after the person's yes or no; nowhere: an empty list.

    Who is not asked cannot say no.
    """
    if allow or is_silent(world, visit) or is_preview(world, visit):
        return agree(world, visit)
    back = refuse(world, visit)
    return [back] if back else []


def agree(world: World, visit: Visit) -> list[str]:
    """Where the browser goes, with the code; two URLs when it comes back twice."""
    link, person = visit.link, visit.person
    preview = is_preview(world, visit)
    if preview:
        world.relations.show_preview(link.app, person, link.text)
    elif not is_silent(world, visit):
        world.relations.consent(link.app, person)
    codes = world.issue_codes(
        link.app, person, link.scope, snapshot=preview, component=link.component
    )
    # A third-party platform has many accounts, and is told whose code this is.
    whose = f"&appid={link.app.appid}" if link.component else ""
    return [_back(link, f"code={code}&state={_state(link)}{whose}") for code in codes]


def refuse(world: World, visit: Visit) -> str | None:
    """Where the browser goes after a refusal: nowhere, unless a switch says so."""
    wanted = _switch(world, visit, "deny_redirect")
    if not wanted:
        return None
    code = "" if wanted is True else f"code={wanted}&"
    return _back(visit.link, f"{code}state={_state(visit.link)}")


def _switch(world: World, visit: Visit, name: str) -> Any:
    return world.switches.get(name, app=visit.link.app.name, person=visit.person)


def _state(link: Link) -> str:
    return returned_state(link.state)


def _back(link: Link, query: str) -> str:
    return append(link.redirect_uri, query, before_fragment=True)
