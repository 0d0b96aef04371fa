"""WeChat's rules for the calls of a server: what each errcode says was broken.

The answer stays WeChat's. Whoever drives the simulator reads the rule, where WeChat
documents the call, and the switch that brought it about or lets it through: in
`/_sim/calls`, on the front page, and as a line on the console.
"""

from .. import protocol
from ..language import marked as _
from .rules import Rule

#: Where the page of a call is not known: WeChat's list of all errcodes.
ERRCODES = "https://developers.weixin.qq.com/doc/oplatform/developers/errCode"

_SERVICE = "https://developers.weixin.qq.com/doc/service/api/"
_PROGRAM = "https://developers.weixin.qq.com/miniprogram/dev/server/API/"
_SOURCES = {
    protocol.SNS_ACCESS_TOKEN: _SERVICE + "webdev/access/api_snsaccesstoken",
    protocol.SNS_REFRESH_TOKEN: _SERVICE + "webdev/access/api_snsrefreshtoken",
    protocol.SNS_USERINFO: _SERVICE + "webdev/access/api_snsuserinfo.html",
    protocol.SNS_AUTH: _SERVICE + "webdev/access/api_snsauth",
    protocol.SNS_CODE2SESSION: _PROGRAM + "user-login/api_code2session",
    protocol.CGI_STABLE_TOKEN: _SERVICE + "base/api_getstableaccesstoken",
    protocol.CGI_USER_INFO: _SERVICE + "usermanage/userinfo/api_userinfo",
    protocol.CGI_QRCODE_CREATE: _SERVICE + "qrcode/qrcodes/api_createqrcode.md",
    protocol.CGI_MENU_CREATE: _SERVICE + "custommenu/api_createcustommenu",
    protocol.CGI_CHANGEOPENID: (
        _SERVICE + "usermanage/changeopenid/api_changeopenid.html"
    ),
    protocol.WXA_CHECKSESSION: _PROGRAM + "user-login/api_checksessionkey",
    protocol.WXA_RESETUSERSESSIONKEY: _PROGRAM + "user-login/api_resetusersessionkey",
    protocol.WXA_GETUSERPHONENUMBER: (
        _PROGRAM + "user-info/phone-number/api_getphonenumber"
    ),
    protocol.WXA_GETWXACODEUNLIMIT: (
        _PROGRAM + "qrcode-link/qr-code/api_getunlimitedqrcode"
    ),
}

_CHOSEN = _("No call brings this about: a switch does.")
_FORM = _("The parameters have to have the form that the page of the call names.")
_BUTTON = _("A menu's buttons have to have the form that the page of the call names.")
_QUOTA = _("Each call has a quota of a minute or a day, and this one is used up.")
_RID = _("Only a rid of one's own refused calls of the last week can be asked about.")
_SAYS = {
    -1: _("WeChat is busy, or has nothing to say about this any more."),
    40001: _(
        "The access_token has to be the newest one of this kind, made by the call that "
        "belongs to it; a profile also needs an openid."
    ),
    40002: _("The grant_type has to be the one that this call names, to the letter."),
    40003: _("The openid has to be of a person in this very app."),
    40013: _("The appid has to be of an app that there is and that may ask this."),
    40014: _("This text has not the form of an access_token."),
    40029: _("A code is for the app and the call that it was made for, and soon ends."),
    40030: _(
        "A refresh_token is for one app, and a newer login of that person ends it."
    ),
    40032: _("A list holds 1 to 100 openids."),
    40052: _("The action_name has to be one that WeChat has."),
    40053: _("The action_info has to hold a scene within WeChat's bounds."),
    40066: _("There is no such call: a path is as documented, letter by letter."),
    40097: _FORM,
    40125: _("The secret has to be the one of this appid."),
    40129: _("The scene has to be one that this call allows."),
    40163: _("A code works once."),
    40164: _("The caller's address has to be on the app's list of addresses."),
    40169: _("A scene has 1 to 32 characters."),
    40201: _("The app has no push address."),
    40202: _FORM,
    40203: _FORM,
    40226: _("WeChat takes this person for a risk and refuses the login."),
    41001: _("The call needs an access_token, in the query."),
    41002: _("The call needs an appid."),
    41003: _("The call needs a refresh_token."),
    41004: _("The call needs the app's secret."),
    41008: _("The call needs a code."),
    41009: _("The call needs an openid."),
    41030: _("The page has to be one of the released version, without / before it."),
    42001: _("An access_token lives for two hours."),
    42002: _("A refresh_token lives for thirty days from the authorization."),
    42007: _("A new password of the person ended the tokens; only a login helps."),
    43001: _("This call wants GET."),
    43002: _("This call wants POST."),
    43104: _("The openid has to be of a person in this very app."),
    44002: _("The call needs a body."),
    45009: _QUOTA,
    45011: _QUOTA,
    45029: _("An account has 100,000 permanent codes at most."),
    46003: _("The account has no menu made by a call."),
    47001: _("The body has to be a JSON object with the right types, not a form."),
    48001: _("This app, or what the person agreed to, does not reach so far."),
    48006: _("Quotas can be emptied ten times a month."),
    61010: _("The person has to have used the program within two hours."),
    63178: _("The account named has to be one that moved here, after both agreed."),
    63182: _("A list holds 1 to 100 openids."),
    76001: _RID,
    76002: _RID,
    76003: _RID,
    76021: _("Only documented paths have a quota to ask about."),
    76022: _("WeChat tells nothing of this about the calls below /sns/."),
    87007: _("The person's session_key has ended: another wx.login makes a new one."),
    87008: _("The sig_method has to be hmac_sha256."),
    87009: _(
        "The signature is the HMAC-SHA256 of an empty text with the session_key as it "
        "came, in small hex digits."
    ),
    87014: _("The text must not be against WeChat's rules."),
} | dict.fromkeys(
    [40007, *range(40016, 40021), *range(40022, 40028), 40054, 40055], _BUTTON
)

# What gives a call another end; by the path where it is about one.
_SWITCHES = {
    (protocol.SNS_USERINFO, 40003): "strict_openid=null",
    ("", 40226): "blocked=null",
    ("", 45009): "quota",
    ("", 45011): "quota",
    ("", 45029): "quota",
    ("", 87014): "content_check=pass",
}


def broken(errcode: int, path: str, chosen: str = "") -> Rule:
    """The rule behind a refusal; `chosen` is the switch that brought it about."""
    source = _SOURCES.get(path, ERRCODES)
    if chosen:
        return Rule(_CHOSEN, source, f"{chosen}=null")
    switch = _SWITCHES.get((path, errcode), _SWITCHES.get(("", errcode), ""))
    return Rule(_SAYS.get(errcode, _FORM), source, switch)
