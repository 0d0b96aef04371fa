"""A first visit by somebody who is a customer of the site's already.

WeChat's answer waits (flows/first_visit.py). The person says 我已有账号, and goes to
the site's `bind_url` with a one-time code; the site asks for ITS password, tells us
which customer that is and what the customer knows the account by, and sends the
browser back to an address of ours. There a page names both, the WeChat and the
account, and only the person's click connects them, in the transaction that makes
the account.

Two halves are needed: the site's word for the customer, which came by its server,
and the browser in which WeChat's answer waits, known by its cookie. So

- a code of the attacker's, planted in the browser of a customer who then enters the
  password, connects nothing: that browser holds no waiting answer, and the address
  that would finish it never reaches the attacker;
- a code that was stolen on the way connects nothing in the thief's browser. Should
  the thief, with an account of his own at the site, answer it before its owner does,
  the owner's answer names another customer, and then both are void;
- a thief who answers it and also gets the owner's browser to open the thief's
  address has both halves there. Only the owner can tell that it is wrong, so the
  page names the thief's account, and opening it, as a page, a picture, a frame or
  ahead of time, does nothing (finding M2, security row 12).

The code reaches the site in the body of a form, not in an address, which histories
and logs keep. The click may come twice: it ends in the same session and the same
customer.

Of several codes for one waiting answer (two tabs) the first one that comes back
counts; another customer's id is refused then, with nothing changed.
"""

import hmac
import time
from dataclasses import dataclass

from wxlogin.accounts import people
from wxlogin.accounts.sessions import Trace
from wxlogin.config import Site
from wxlogin.errors import (
    Conflict,
    ExternalIdFixed,
    ExternalIdTaken,
    NotFound,
    OtherBrowser,
    RegistrationOver,
)
from wxlogin.flows import first_visit
from wxlogin.flows.customers.site_codes import (
    Code,
    Codes,
    Looks,
    Onward,
    Word,
    count_look,
    require_label,
)
from wxlogin.flows.first_visit import Waiting
from wxlogin.observability import get_logger
from wxlogin.security.returning import with_query
from wxlogin.service import shelf
from wxlogin.sites import members

#: Seconds the site has to ask for its password.
CODE_SECONDS = 600

_codes = Codes("bind", seconds=CODE_SECONDS)
_looks = shelf("bind_code_looks", Looks, seconds=CODE_SECONDS)


@dataclass(frozen=True)
class Pending:
    """Who wants to be connected, as WeChat says it; for the site's own page.

    `avatar` is a JPEG: nobody's page points at WeChat's picture hosts.
    """

    nickname: str
    avatar: bytes | None
    expires_in: int
    looks: Looks


@dataclass(frozen=True)
class Handed:
    """A form for the browser to send: the code, and the site's address for it."""

    to: str
    code: str


def begin(waiting: Waiting) -> Handed:
    """A code for this first visit, for the site's `bind_url`.

    Raises NotFound where the site has none.
    """
    bind_url = waiting.policy.bind_url
    if bind_url is None:
        raise NotFound("the site has no bind_url")
    return Handed(to=bind_url, code=_codes.new(waiting.key, waiting.client_id))


def look(site: Site, code: str) -> Pending:
    """Whose WeChat it is, while the site has not answered. Raises NotFound.

    `looks` counts this one.
    """
    found = _codes.find(site, code)
    waiting = first_visit.held(found.about) if found else None
    if found is None or found.external_id or waiting is None:
        raise _gone()
    return Pending(
        nickname=waiting.profile.nickname if waiting.profile else "",
        avatar=waiting.picture(),
        expires_in=max(0, int(found.ends - time.time())),
        looks=count_look(_looks, code),
    )


def answer(site: Site, *, code: str, external_id: str, label: str) -> str:
    """The site's word: this is our customer. Returns the token to continue with.

    `label` is what the customer knows the account by. The same answer again gives
    the same token. Raises NotFound, BadRequest, ExternalIdTaken and ExternalIdFixed,
    and Conflict for another answer, which makes both void.
    """
    members.require_external_id(external_id)
    label = require_label(label)
    found = _codes.find(site, code)
    if found is not None and not found.external_id:
        _refuse_conflict(found, external_id)
        found = _codes.say(found, external_id=external_id, label=label)
    if found is None:
        raise _gone()
    if found.external_id != external_id:
        _void(code, found.token)
        raise Conflict("two customers were named for one code", client=found.client_id)
    return _codes.confirm(found)


def said(token: str, *, key: str) -> Word:
    """The site's word, for the browser whose answer it is about. Changes nothing.

    `key` is that of the answer which waits for this browser. Raises
    RegistrationOver and OtherBrowser.
    """
    word = _codes.said(token)
    if word is None:
        raise RegistrationOver("no binding has this token (any more)")
    if not hmac.compare_digest(word.about.encode(), key.encode()):
        raise OtherBrowser("the answer of WeChat waits in another browser")
    return word


def connect(token: str, *, key: str, trace: Trace) -> Onward:
    """The person's click: account, session and customer in one transaction.

    Where there is no session, the site's word could not be taken, and its address
    says why. Raises as `said`, and what a sign-in raises.
    """
    word = said(token, key=key)
    waiting = first_visit.require(key)
    try:
        secret = first_visit.connect(waiting, word.external_id, trace=trace)
    except (ExternalIdTaken, ExternalIdFixed) as error:
        get_logger().warning("not bound", client=waiting.client_id, problem=error.code)
        bind_url = waiting.policy.bind_url or ""
        return Onward(with_query(bind_url, error=error.code))
    return Onward(waiting.next, secret)


def decline(token: str, *, key: str) -> None:
    """The person does not know this account: nobody is connected by this code.

    WeChat's answer waits on, for another word. Raises as `said`.
    """
    _void(said(token, key=key).code, token)


def _refuse_conflict(found: Code, external_id: str) -> None:
    """Tells the site at once what would be refused at the end."""
    waiting = first_visit.held(found.about)
    if waiting is None:
        raise _gone()
    person = waiting.answer.person
    known = people.known(person.appid, person.openid)
    user_id = known.user_id if known else None
    match members.obstacle(found.client_id, user_id, external_id):
        case ExternalIdTaken.code:
            raise ExternalIdTaken("another user has this id", client=found.client_id)
        case ExternalIdFixed.code:
            raise ExternalIdFixed("the user has another id", client=found.client_id)


def _void(code: str, token: str) -> None:
    _codes.void(code, token)
    get_logger().warning("binding void", security=True)


def _gone() -> NotFound:
    return NotFound("no first visit has this code (any more)")
