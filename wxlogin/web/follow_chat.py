"""What an official account's chat says to who scanned our code, or sent our number.

The question names the site, and the browser as it was when it asked for the code, and
how to say yes: behind a link, or by the digits that the browser shows now (security
rows 74 and 79). All of it is in the operator's language.
"""

from datetime import UTC, datetime

from flask import url_for
from flask_babel import force_locale, format_datetime, gettext, lazy_gettext

from wxlogin.errors import ScanUnknown
from wxlogin.flows import follow
from wxlogin.flows.follow import Heard, Says
from wxlogin.flows.pairing_ticket import Pairing
from wxlogin.security import networks
from wxlogin.service import running
from wxlogin.web.code_page import our_name
from wxlogin.web.purposes import site_name

_WORDS = {
    Says.used: lazy_gettext(
        "This code is used. Show a new one on the page and scan that."
    ),
    Says.used_number: lazy_gettext(
        "This number is used. Show a new one on the page and send that."
    ),
    Says.expired: lazy_gettext(
        "This number is too old. Show a new one on the page and send that."
    ),
    Says.confirmed: lazy_gettext("Confirmed. Go on in the browser with the number."),
    Says.refused: lazy_gettext("Refused. Nobody was signed in."),
    Says.wrong: lazy_gettext(
        "The page shows two other digits. Send those, or 0 to refuse. If you see no "
        "page with two digits, somebody else wants to be signed in as you: send 0."
    ),
    Says.dead: lazy_gettext(
        "Too many wrong digits. Nobody was signed in. Show a new number on the page "
        "and send that."
    ),
    Says.later: lazy_gettext(
        "WeChat does not answer at the moment. Send the two digits again in a minute."
    ),
    Says.rests: lazy_gettext(
        "Too many numbers that no page shows. Wait ten minutes, then send the number "
        "on the page."
    ),
}


def chat_text(heard: Heard) -> str:
    """What the chat says; empty where the code is gone."""
    with force_locale(running().settings.default_language):
        if heard.says in _WORDS:
            return str(_WORDS[heard.says])
        try:
            found = follow.of_phone(heard.scene)
        except ScanUnknown:
            return ""
        lines = _by_link(found) if heard.says is Says.link else _by_number()
        return "\n".join((*_facts(found), "", *lines))


def _facts(found: Pairing) -> tuple[str, ...]:
    told = about(found)
    time = format_datetime(told["since"], "yyyy-MM-dd HH:mm")
    return (
        gettext("Sign in to %(site)s?", site=told["site"]),
        gettext("Browser: %(browser)s", browser=told["browser"]),
        gettext("Network: %(address)s", address=told["address"]),
        gettext("Time: %(time)s (Beijing)", time=time),
    )


def _by_link(found: Pairing) -> tuple[str, ...]:
    settings = running().settings
    path = url_for("follow_phone.page", ticket=found.key)
    return (
        gettext("If that is you, open this link and confirm:"),
        settings.public_url + path.removeprefix(settings.prefix),
        "",
        gettext("If it is not, do nothing."),
    )


def _by_number() -> tuple[str, ...]:
    return (
        gettext("If that is you, send the two digits that the page shows now."),
        "",
        gettext(
            "If you do not see the page yourself, somebody else wants to be signed in "
            "as you: send 0."
        ),
    )


def about(found: Pairing) -> dict[str, object]:
    """The site, and the browser as it was when it asked for the code."""
    seen = found.seen
    return {
        "site": site_name(found.wish.purpose) or our_name(),
        "browser": seen.browser or gettext("unknown"),
        "address": networks.masked(seen.address) or gettext("unknown"),
        "since": datetime.fromtimestamp(int(seen.since), UTC),
    }
