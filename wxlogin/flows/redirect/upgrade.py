"""Silent first, profile later.

Inside WeChat a login begins silently (snsapi_base, openid only): no sheet is shown,
and WeChat does not turn the page into a snapshot. Where a name is wanted and we
have none, one upgrade to snsapi_userinfo follows:

- a known person is signed in first, so a refusal costs nothing;
- an unknown person is not created from the silent answer. It waits in the ticket
  store for the better one, and is used if the person refuses that.

When a name is wanted: PROFILE=never, only for a page that asked for it; if_missing,
where we have none; always, where the one we have is not fresh.
"""

from dataclasses import replace

from wxlogin import service
from wxlogin.accounts.person import Person
from wxlogin.config import App, Settings
from wxlogin.errors import AnswersDisagree
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect.attempt import Attempt
from wxlogin.flows.redirect.begin import Begun, begin
from wxlogin.flows.signing_in import Answer, is_stale
from wxlogin.security.signing import STATE_SECONDS

#: The silent answers that wait for a better one.
_answers = service.shelf("upgrade", Person, seconds=STATE_SECONDS)
# In place of a ticket: the person is signed in already.
SIGNED_IN = "signed-in"


def follows(settings: Settings, attempt: Attempt, answer: Answer) -> bool:
    """Does an upgrade follow this silent answer?"""
    flow, known = Flow(attempt.flow), answer.known
    if not flow.silent or attempt.link:
        return False
    if flow is Flow.base and settings.profile == "never":
        return False
    if known is None or not known.has_nickname:
        return True
    wants_fresh = flow is Flow.named or settings.profile == "always"
    return wants_fresh and is_stale(known)


def hold(answer: Answer) -> str:
    """Keeps a silent answer while the better one is fetched; returns its ticket."""
    return _answers.put(replace(answer.person, profile=None))


def held(ticket: str) -> Person | None:
    """The silent answer behind this ticket, if it is still there."""
    return _answers.get(ticket)


def used(ticket: str) -> None:
    """The silent answer led to a session, or a better one did."""
    if ticket != SIGNED_IN:
        _answers.take(ticket)


def begin_upgrade(
    settings: Settings, app: App, attempt: Attempt, *, pending: str
) -> Begun:
    return begin(
        settings,
        app,
        Flow.userinfo,
        next_url=attempt.next,
        pending=pending,
        purpose=attempt.purpose,
    )


def must_match(attempt: Attempt, person: Person) -> None:
    """Raises AnswersDisagree where the better answer is about somebody else."""
    silent = held(attempt.pending) if attempt.pending not in ("", SIGNED_IN) else None
    if silent is not None and silent.openid != person.openid:
        raise AnswersDisagree("silent and explicit answer name two persons")
