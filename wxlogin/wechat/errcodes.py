"""Every errcode of WeChat's, by number: what it means, who must act, what people read.

Sources: Tencent's return codes
(developers.weixin.qq.com/doc/oplatform/developers/errCode and
/doc/service/en/Getting_Started/Global_Return_Code.html). `seen` marks a text that
was found in a real answer; the other texts are the documents'. WeChat changes texts
without notice: only the number decides anything.
"""

from dataclasses import dataclass, replace
from enum import Enum, StrEnum


def _(text: str) -> str:
    """Marks a text for the catalogues. Whoever shows it translates it."""
    return text


class Sentence(StrEnum):
    """What a visitor reads: what happened and what to do next, and nothing about
    secrets, settings or numbers, which are for the operator."""

    START_AGAIN = _("This WeChat sign-in is no longer valid. Please start again.")
    TOO_LATE = _("This sign-in took too long or was used before. Please start again.")
    USED = _("This WeChat sign-in was already used. Please start again.")
    EXPIRED = _(
        "Your WeChat authorization has run out. Please sign in with WeChat again."
    )
    PASSWORD_CHANGED = _(
        "After a change of the WeChat password, please sign in with WeChat again."
    )
    NOT_AUTHORIZED = _(
        "WeChat has no permission from you yet. Please start again and tap Allow."
    )
    OUT_OF_ORDER = _(
        "WeChat sign-in on this site is out of order and its operator has to fix it. "
        "Please try later, or contact the site."
    )
    BUSY = _(
        "WeChat is busy and could not finish the sign-in. Please try again in a moment."
    )
    CROWDED = _(
        "Too many people are signing in right now. Please try again in a minute."
    )
    TOMORROW = _(
        "This site has used up its WeChat sign-ins for today. "
        "Please try again tomorrow, or contact the site."
    )
    BARRED = _(
        "WeChat does not let this account sign in. "
        "Please check the state of the account in WeChat."
    )
    FOLLOW_FIRST = _(
        "Please follow this site's official account in WeChat first, then start again."
    )
    NOT_FINISHED = _("WeChat did not finish this sign-in. Please try again later.")


class Actor(StrEnum):
    """Who can do something about it."""

    OPERATOR = "operator"
    VISITOR = "visitor"
    DEVELOPER = "developer"
    WAIT = "nobody: wait"


class Action(Enum):
    """What the service does about an errcode: for whom, and in which words."""

    #: Tell the operator.
    CFG = (Actor.OPERATOR, Sentence.OUT_OF_ORDER)
    #: Send the person through login again.
    AGAIN = (Actor.VISITOR, Sentence.START_AGAIN)
    #: Ask once more, then ask for patience.
    RETRY = (Actor.WAIT, Sentence.BUSY)
    #: Report a malformed request of ours.
    BUG = (Actor.DEVELOPER, Sentence.OUT_OF_ORDER)
    #: Refuse this person.
    DENY = (Actor.VISITOR, Sentence.BARRED)
    #: Ask for patience.
    LATER = (Actor.WAIT, Sentence.NOT_FINISHED)


class Retry(StrEnum):
    """Whether the same call may be made again, at once."""

    NO = "no"
    ONCE = "once, after half a second"
    MINUTE = "after a minute"


_REPORT = (
    "wxlogin or something between it and WeChat sent a malformed request: check "
    "WECHAT_API_URL, then report this with the errcode and the rid."
)
_NOTHING = "Nothing to do, unless it happens often."


@dataclass(frozen=True, slots=True)
class Errcode:
    """One row: what WeChat says, what it means, who acts, what people are told.

    `action` implies the rest, where `advice`, `told` and `who` say nothing else.
    """

    code: int
    text: str
    meaning: str
    action: Action
    advice: str = ""
    told: Sentence | None = None
    who: Actor | None = None
    retry: Retry = Retry.NO
    seen: bool = False

    @property
    def operator(self) -> str:
        """What the operator reads."""
        return self.advice or (_REPORT if self.action is Action.BUG else _NOTHING)

    @property
    def visitor(self) -> Sentence:
        """What the visitor reads, to be translated."""
        return self.told or self.action.value[1]

    @property
    def actor(self) -> Actor:
        return self.who or self.action.value[0]


# Pages of Tencent's consoles, as an operator finds them.
APP_PAGE = "open.weixin.qq.com > 管理中心 > 网站应用 > 查看"
ABILITIES_PAGE = "open.weixin.qq.com > 管理中心 > 网站应用 > 查看 > 接口信息"
ACCOUNT_PAGE = "mp.weixin.qq.com > 设置与开发 > 开发接口管理 > 基本配置"
NOTICES_PAGE = "open.weixin.qq.com > 通知中心"
PROGRAM_PAGE = "mp.weixin.qq.com > 开发管理 > 开发设置"

_THIRD_PARTY = (
    "This belongs to third-party platforms; check that appid and secret are those "
    f"of a website app: {APP_PAGE}."
)

_CONFIRM_ADDRESS = (
    "The administrator of the account confirms the address in WeChat, or adds it to "
    f"{ACCOUNT_PAGE} > IP白名单."
)
_ADD_ADDRESS = (
    f"Add the address WeChat names to {ACCOUNT_PAGE} > IP白名单; of a mini program to "
    f"{PROGRAM_PAGE} > IP白名单. It acts after ten minutes."
)
_SCAN_PAGE = (
    "Compare the app's scan_page in APPS with the pages of the program's app.json, and "
    "publish the version that has it. To try it before that, set the app's env_version "
    "to trial or develop."
)

_ROWS = (
    Errcode(
        -1,
        "system error",
        "WeChat is busy; a code may be spent all the same",
        Action.RETRY,
        f"WeChat had a bad moment. If it lasts, see {NOTICES_PAGE}.",
        retry=Retry.ONCE,
    ),
    Errcode(
        40001,
        "invalid credential, access_token is invalid or not latest",
        "the access token is wrong or over, or openid is missing",
        Action.AGAIN,
        told=Sentence.EXPIRED,
        retry=Retry.ONCE,
        seen=True,
    ),
    Errcode(
        40002, "invalid grant_type\n", "grant_type is wrong", Action.BUG, seen=True
    ),
    Errcode(
        40003,
        "invalid openid",
        "the openid does not belong to this token and app",
        Action.AGAIN,
        "Tokens of two people or apps were mixed up, perhaps on purpose. Look at the "
        "log lines of this request.",
        seen=True,
    ),
    Errcode(
        40013,
        "invalid appid",
        "WeChat does not know this appid",
        Action.CFG,
        f"Compare the appid in the settings, letter by letter, with {APP_PAGE}.",
        seen=True,
    ),
    Errcode(
        40014,
        "invalid access_token",
        "the access token is malformed or over",
        Action.AGAIN,
        told=Sentence.EXPIRED,
    ),
    Errcode(
        40029,
        "invalid code",
        "the code is wrong, over, used, or another app's",
        Action.AGAIN,
        "If every login ends so, appid and secret belong to another app than the "
        f"login page's: compare them with {APP_PAGE}.",
        told=Sentence.TOO_LATE,
        seen=True,
    ),
    Errcode(
        40030,
        "invalid refresh_token",
        "the refresh token is wrong, over, or replaced by a newer login",
        Action.AGAIN,
        told=Sentence.EXPIRED,
        seen=True,
    ),
    Errcode(40037, "invalid template_id", "not an error of logins", Action.BUG),
    Errcode(
        40066,
        "invalid url",
        "the path is wrong",
        Action.BUG,
        "Check WECHAT_API_URL: it must be https://api.weixin.qq.com without a path.",
        who=Actor.OPERATOR,
        seen=True,
    ),
    Errcode(
        40097,
        "invalid args",
        "an argument is wrong",
        Action.BUG,
    ),
    Errcode(
        40125,
        "invalid appsecret",
        "the AppSecret is wrong, was reset, or is frozen",
        Action.CFG,
        "Nobody can sign in until this is mended. Open "
        f"{APP_PAGE} > AppSecret, see whether it is frozen or was reset, and put the "
        "new one into the settings.",
        seen=True,
    ),
    Errcode(
        40129,
        "invalid scene",
        "a letter of the scene is not allowed in a mini program's code",
        Action.BUG,
    ),
    Errcode(
        40159,
        "invalid length for path, or the data is not json string",
        "the page's path is too long, or the body is not JSON",
        Action.BUG,
    ),
    Errcode(
        40163,
        "code been used",
        "the code was exchanged before",
        Action.AGAIN,
        "Expected now and then: reload, back button, or a phone that opens the "
        "callback twice.",
        told=Sentence.USED,
        seen=True,
    ),
    Errcode(
        40164,
        "invalid ip, not in whitelist",
        "this server's address is not on the list of allowed ones",
        Action.CFG,
        _ADD_ADDRESS,
        seen=True,
    ),
    Errcode(
        40165,
        "invalid weapp pagepath",
        "the program has no such page",
        Action.CFG,
        _SCAN_PAGE,
    ),
    Errcode(
        40169,
        "invalid length for scene, or the data is not json string",
        "the scene is empty or too long, or the body is not JSON",
        Action.BUG,
        seen=True,
    ),
    Errcode(
        40188,
        "invalid scope",
        "the scope is wrong for this app",
        Action.CFG,
        "Check that the app's kind in the settings is what it is in the console, and "
        f"that 微信登录 is granted: {ABILITIES_PAGE}.",
    ),
    Errcode(
        40222,
        "invalid request idc domain",
        "the regional host is the wrong one",
        Action.CFG,
        "Set WECHAT_API_URL back to https://api.weixin.qq.com.",
    ),
    Errcode(
        40226,
        "code blocked",
        "WeChat holds this person for a risk",
        Action.DENY,
        "WeChat blocks this person; nothing can be done from here.",
    ),
    Errcode(
        40243,
        "",
        "the AppSecret is frozen",
        Action.CFG,
        "Nobody can sign in until the AppSecret is unfrozen in WeChat's console, on "
        "the page where it stands; that takes ten minutes to act.",
    ),
    Errcode(41001, "access_token missing", "a parameter is missing", Action.BUG),
    Errcode(
        41002,
        "appid missing",
        "a parameter is missing",
        Action.BUG,
        f"The app has an empty appid in the settings; it stands at {APP_PAGE}.",
        who=Actor.OPERATOR,
        seen=True,
    ),
    Errcode(41003, "refresh_token missing", "a parameter is missing", Action.BUG),
    Errcode(
        41004,
        "appsecret missing",
        "a parameter is missing",
        Action.BUG,
        "The app has an empty secret in the settings; make one at "
        f"{APP_PAGE} > AppSecret.",
        who=Actor.OPERATOR,
    ),
    Errcode(41005, "media data missing", "not an error of logins", Action.BUG),
    Errcode(41006, "media_id missing", "not an error of logins", Action.BUG),
    Errcode(41007, "sub_menu data missing", "not an error of logins", Action.BUG),
    Errcode(41008, "missing code", "a parameter is missing", Action.BUG, seen=True),
    Errcode(
        41009,
        "missing openid",
        "a parameter is missing (WeChat really answers 40001)",
        Action.BUG,
    ),
    Errcode(
        41030,
        "invalid page",
        "the page is not in the program's released version",
        Action.CFG,
        _SCAN_PAGE,
        seen=True,
    ),
    Errcode(
        42001,
        "access_token expired",
        "the two hours of the access token are over",
        Action.AGAIN,
        told=Sentence.EXPIRED,
    ),
    Errcode(
        42002,
        "refresh_token expired",
        "the thirty days of the refresh token are over",
        Action.AGAIN,
        told=Sentence.EXPIRED,
    ),
    Errcode(
        42003,
        "code expired",
        "the code is over (WeChat really answers 40029)",
        Action.AGAIN,
        told=Sentence.TOO_LATE,
    ),
    Errcode(
        42007,
        "access_token and refresh_token exception",
        "the person has changed the WeChat password; both tokens are dead",
        Action.AGAIN,
        told=Sentence.PASSWORD_CHANGED,
    ),
    Errcode(43001, "require GET method", "the method is wrong", Action.BUG),
    Errcode(43002, "require POST method", "the method is wrong", Action.BUG),
    Errcode(
        43003,
        "require https",
        "plain http was used",
        Action.BUG,
        "Check WECHAT_API_URL: it must begin with https://.",
        who=Actor.OPERATOR,
    ),
    Errcode(
        43104,
        "",
        "the openid is another app's",
        Action.BUG,
    ),
    Errcode(44002, "empty post data", "the body is empty", Action.BUG),
    Errcode(
        45009,
        "reach max api daily quota limit",
        "the quota of the day is used up",
        Action.LATER,
        f"No login until midnight in China. See the quota at {ABILITIES_PAGE} and ask "
        "whether something logs in too often. Of a mini program's codes WeChat draws "
        "5 000 in a minute.",
        told=Sentence.TOMORROW,
        who=Actor.OPERATOR,
    ),
    Errcode(
        45011,
        "api minute-quota reach limit, must slower, retry next minute",
        "more calls than one minute allows",
        Action.LATER,
        "More logins in a minute than WeChat allows: 50 000 of each call, in a mini "
        "program 100 of each person. Look for a loop or an attack.",
        told=Sentence.CROWDED,
        retry=Retry.MINUTE,
        seen=True,
    ),
    Errcode(
        45035,
        "",
        "this server's address is not allowed; third-party platforms",
        Action.CFG,
        _THIRD_PARTY,
    ),
    Errcode(
        47001,
        "data format error",
        "the body is not the JSON that this call wants",
        Action.BUG,
        seen=True,
    ),
    Errcode(
        48001,
        "api unauthorized",
        "the scope does not allow this call (a silent or a snapshot login), or the "
        "app has lost the permission",
        Action.CFG,
        "Check that 微信登录 is granted and the yearly review is paid: "
        f"{ABILITIES_PAGE}.",
        seen=True,
    ),
    Errcode(
        48004,
        "api forbidden",
        "WeChat has barred this app from the call",
        Action.CFG,
        f"Read why, and appeal, at {NOTICES_PAGE}.",
    ),
    Errcode(
        50001,
        "user unauthorized",
        "the person has not allowed this call",
        Action.AGAIN,
        told=Sentence.NOT_AUTHORIZED,
    ),
    Errcode(
        50002,
        "user limited",
        "the person's account is frozen or closed, or the app is frozen",
        Action.DENY,
        f"If it meets everybody, the app itself is frozen: see {NOTICES_PAGE}.",
    ),
    Errcode(
        50005,
        "user is unsubscribed",
        "the person does not follow the official account",
        Action.AGAIN,
        told=Sentence.FOLLOW_FIRST,
    ),
    Errcode(
        61004,
        "access clientip is not registered",
        "this server's address is not on the list of allowed ones",
        Action.CFG,
        _ADD_ADDRESS,
    ),
    Errcode(
        61010,
        "code is expired",
        "the person was not in the program within the last two hours",
        Action.BUG,
        "WeChat judges only what is written by people who use the program right now. "
        "Nothing to do, unless it happens often.",
        seen=True,
    ),
    Errcode(
        61023,
        "",
        "a refresh token of a third-party platform is wrong",
        Action.CFG,
        _THIRD_PARTY,
    ),
    Errcode(61024, "", "of third-party platforms", Action.CFG, _THIRD_PARTY),
    Errcode(
        63178,
        "appid wrong",
        "the old account is not known as one that moved to this one",
        Action.CFG,
        "Both administrators confirm the move first. WeChat takes the old account's "
        "appid or its gh_ id, and not always both: see docs/moves.md.",
        seen=True,
    ),
    Errcode(
        87007,
        "session_key is not existd or expired",
        "the person has no live session key in this program",
        Action.BUG,
        "Expected: the program renews it with wx.login.",
    ),
    Errcode(
        87008,
        "invalid sig_method",
        "the session key was to be proved in an unknown way",
        Action.BUG,
    ),
    Errcode(
        87009,
        "invalid signature",
        "the session key that was proved is not the live one",
        Action.BUG,
        "Expected: the program renews it with wx.login.",
    ),
    Errcode(
        89501,
        "",
        "this server's address waits for the administrator's confirmation",
        Action.CFG,
        _CONFIRM_ADDRESS,
    ),
    Errcode(
        89503,
        "",
        "this server's address waits for the administrator's confirmation",
        Action.CFG,
        _CONFIRM_ADDRESS,
    ),
    Errcode(
        89506,
        "",
        "the administrator has refused this server's address, for a day",
        Action.CFG,
        _CONFIRM_ADDRESS,
    ),
    Errcode(
        89507,
        "",
        "the administrator has refused this server's address, for an hour",
        Action.CFG,
        _CONFIRM_ADDRESS,
    ),
)

#: The same by number.
ERRCODES = {row.code: row for row in _ROWS}

#: For every number that is not in the table.
UNKNOWN = Errcode(
    0,
    "",
    "unknown to us",
    Action.LATER,
    "Look the number up in Tencent's list of return codes "
    "(developers.weixin.qq.com/doc/oplatform/developers/errCode) and report it.",
    who=Actor.OPERATOR,
)

#: The access token is dead, the refresh token may not be.
STALE_TOKEN = frozenset({40001, 40014, 42001})

#: The app may not make the call: it is not verified, or has not been given the right.
NO_RIGHT = 48001

#: The openid is nobody's among an account's followers.
NOBODYS_OPENID = frozenset({40003, 46004})

#: The openid is not the token's: WeChat's answers are about two persons.
FOREIGN_OPENID = 40003


def lookup(errcode: int) -> Errcode:
    """The row of an errcode; for an unknown one the default row with its number."""
    return ERRCODES.get(errcode) or replace(UNKNOWN, code=errcode)
