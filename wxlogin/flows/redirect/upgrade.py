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
from wxlogin.errors import AnswersDisagree
from wxlogin.flows.doors import Flow
from wxlogin.flows.redirect.attempt import Attempt, Silent
from wxlogin.flows.signing_in import Answer, is_stale
from wxlogin.security.signing import STATE_SECONDS

_answers = service.shelf("upgrade", Person, seconds=STATE_SECONDS)


def follows(attempt: Attempt, answer: Answer) -> bool:
    """Does an upgrade follow this silent answer?"""
    flow, known = attempt.flow, answer.known
    profile = service.running().settings.profile
    if not flow.silent or attempt.wish.link:
        return False
    if flow is Flow.base and profile == "never":
        return False
    if known is None or not known.nickname:
        return True
    wants_fresh = flow is Flow.named or profile == "always"
    return wants_fresh and is_stale(known)


def hold(answer: Answer) -> Silent:
    """Keeps a silent answer while the better one is fetched."""
    return Silent(_answers.put(replace(answer.person, profile=None)))


def held(silent: Silent | None) -> Person | None:
    """Whom the silent answer named, if it is still there."""
    return _answers.get(silent.ticket) if silent and silent.ticket else None


def used(silent: Silent | None) -> None:
    """The silent answer led to a session, or a better one did."""
    if silent and silent.ticket:
        _answers.take(silent.ticket)


def must_match(silent: Silent | None, person: Person) -> None:
    """Raises AnswersDisagree where the better answer is about somebody else."""
    before = held(silent)
    if before is not None and before.openid != person.openid:
        raise AnswersDisagree("silent and explicit answer name two persons")
