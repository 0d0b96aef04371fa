"""Which browser asks: WeChat's own, by its User-Agent or by a cookie of the phone's.

WeChat's client is known by `MicroMessenger` in the User-Agent; WeCom's names it too
and is not WeChat. The browser on a developer's desk is neither: so the simulated
phone leaves a cookie when it opens a link, and for ten minutes that browser counts as
WeChat here. Nothing of the kind exists in WeChat, and sites do not see it.

Two cookies, both for convenience only; parameters win over them:
`wxsim_person` is whose phone this browser is, `wxsim_entry` where the last link
was opened: `link`, or the name of the account in whose menu it stood.
"""

from flask import request
from werkzeug.wrappers import Response

from ..current import world
from ..world.parties import Person

PERSON_COOKIE, ENTRY_COOKIE = "wxsim_person", "wxsim_entry"
FROM_LINK = "link"

# Seconds that a browser without WeChat's User-Agent passes for WeChat.
_ENTRY_SECONDS = 600


def is_wechat_client() -> bool:
    """Whether the User-Agent says so: then sites see WeChat as well."""
    agent = request.user_agent.string.lower()
    return "micromessenger" in agent and "wxwork" not in agent


def counts_as_wechat() -> bool:
    """The same, or a browser in which the phone has just opened a link."""
    return is_wechat_client() or ENTRY_COOKIE in request.cookies


def named_person() -> Person | None:
    """Who this request names."""
    return _find(request.values.get("person", ""))


def owner() -> Person | None:
    """Who this request names, otherwise whose phone this browser was."""
    return named_person() or _find(request.cookies.get(PERSON_COOKIE, ""))


def _find(name: str) -> Person | None:
    return next((p for p in world().registry.people() if p.name == name), None)


def entered_from() -> str:
    """The account whose menu the last link stood in, or `link`."""
    return request.cookies.get(ENTRY_COOKIE, FROM_LINK)


def remember(response: Response, person: Person, entry: str = "") -> None:
    """Whose phone this is and, when a link is opened, where it stood."""
    response.set_cookie(PERSON_COOKIE, person.name, httponly=True, samesite="Lax")
    if entry:
        response.set_cookie(
            ENTRY_COOKIE, entry, _ENTRY_SECONDS, httponly=True, samesite="Lax"
        )
