"""WeChat's rules for links: in a sentence, where they stand, which switch lets through.

WeChat itself shows a text, a number or nothing at all. Whoever is refused here reads
beside it which rule that was: on the page, in the control API's answer, and as a line
on the console. The keys are the numbers of WeChat's pages, or words of ours where it
has none.
"""

import logging
from dataclasses import dataclass

from ..language import marked as _
from ..language import translated

_log = logging.getLogger(__name__)

#: Tencent's guides: pages inside WeChat, and websites.
INSIDE = "https://developers.weixin.qq.com/doc/service/guide/h5/auth.html"
WEBSITE = (
    "https://developers.weixin.qq.com/doc/oplatform/Website_App/WeChat_Login/"
    "Wechat_Login.html"
)


@dataclass(frozen=True)
class Rule:
    """`says` is a sentence, `switch` what lets a breach through, where there is one."""

    says: str
    source: str
    switch: str = ""


_COMPONENT = (
    "https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/api/"
    "Before_Develop/Official_Accounts/official_account_website_authorization.html"
)

RULES: dict[str, Rule] = {
    "order": Rule(
        _(
            "Inside WeChat a link has appid, redirect_uri, response_type=code, scope "
            "and state in this order and letter case, and nothing that WeChat does not "
            "know."
        ),
        INSIDE,
        "link_check=off",
    ),
    "fragment": Rule(
        _("Inside WeChat a link ends in #wechat_redirect."),
        INSIDE,
        "link_check=fragment_optional",
    ),
    "appid": Rule(_("No app has this appid."), INSIDE),
    "state": Rule(_("Inside WeChat a state has 128 bytes at most."), INSIDE),
    "scope": Rule(
        _("Each kind of link needs an appid of its own kind, and a scope that it has."),
        INSIDE,
    ),
    "10003": Rule(
        _("The whole host of redirect_uri must be a callback domain of the account."),
        INSIDE,
    ),
    "10005": Rule(
        _(
            "Only a verified service account has scopes, and only snsapi_base and "
            "snsapi_userinfo, one at a time."
        ),
        INSIDE,
    ),
    "10010": Rule(_("The link needs a scope."), INSIDE),
    "10011": Rule(_("The link needs a redirect_uri."), INSIDE),
    "10012": Rule(_("The link needs an appid."), INSIDE),
    "10013": Rule(
        _("A state may be left out, but not be empty."), INSIDE, "empty_state=true"
    ),
    "10015": Rule(
        _("The account must have authorized the platform that component_appid names."),
        _COMPONENT,
    ),
    "10016": Rule(
        _(
            "Inside WeChat the appid is an official account's, none of the open "
            "platform's."
        ),
        INSIDE,
    ),
    "port": Rule(
        _("A callback has no port; WeChat takes 80 and 443 alone."),
        "https://developers.weixin.qq.com/community/develop/doc/"
        "00086833d108989ff59b9d39851400",
        "callback_port=any",
    ),
    "chosen": Rule(
        _("No link brings this about: the switch authorize_error does."),
        INSIDE,
        "authorize_error=null",
    ),
    "website_scope": Rule(
        _("The QR page is for website apps, with the scope snsapi_login alone."),
        WEBSITE,
    ),
    "website_verified": Rule(
        _("This website app is not approved, or its yearly certification lapsed."),
        "https://developers.weixin.qq.com/community/develop/doc/"
        "0004e8e0e74ec06abd40018e06b000",
    ),
    "website_callback": Rule(
        _("The host of redirect_uri must be a callback domain of the app."), WEBSITE
    ),
    "encoding": Rule(
        _("The whole redirect_uri must be percent-encoded, its slashes, too."),
        WEBSITE,
        "strict_encoding=null",
    ),
}


def told(key: str, at: str = "") -> dict[str, str]:
    """The rule in the visitor's language: `rule`, `source`, `switch` and `at`."""
    rule = RULES[key]
    return {
        "rule": translated(rule.says),
        "source": rule.source,
        "switch": rule.switch,
        "at": at,
    }


def report(what: str, key: str, at: str = "") -> None:
    """A line on the console that `what` was refused."""
    warn(what, RULES[key], at)


def warn(what: str, rule: Rule, at: str = "") -> None:
    """The same line by a rule of any kind."""
    what = "".join(c if c.isprintable() else "?" for c in what)
    where = f", at {at}" if at else ""
    through = f"; {rule.switch} lets it through" if rule.switch else ""
    _log.warning("refused: %s%s: %s %s%s", what, where, rule.says, rule.source, through)
