"""What people take back from an app, as WeChat pushes it: three events, and numbers.

Sources: developers.weixin.qq.com/miniprogram/dev/server/event_push/platform/
authorized_user_information_changes and developers.weixin.qq.com/doc/service/guide/h5/
authorization_change. `RevokeInfo` holds one number or several; what has no entry here
is a right that we never had.
"""

import re

from wxlogin.wechat.pushes import Push

#: Consent to one thing is taken back.
REVOKED = "user_authorization_revoke"
#: The WeChat account was closed for good.
CLOSED = "user_authorization_cancellation"
#: The profile is another one.
CHANGED = "user_info_modified"
EVENTS = frozenset({REVOKED, CLOSED, CHANGED})

_PROFILE, _PHONE, _GRANT = "profile", "phone", "grant"
# By kind of app. 19 and 20 are a name of WeChat's keyboard and a picture of its button.
_OPEN_PLATFORM: dict[str, tuple[str, ...]] = {"301": (_PROFILE, _GRANT)}
_PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "mini_program": {
        "6": (_PROFILE,),
        "8": (_PHONE,),
        "19": (_PROFILE,),
        "20": (_PROFILE,),
    },
    "official_account": {"205": (_PROFILE, _GRANT)},
    "website": _OPEN_PLATFORM,
    "mobile": _OPEN_PLATFORM,
}


def taken_back(kind: str, push: Push) -> set[str]:
    """What goes, of `profile`, `phone` and `grant`; nothing for what we never had.

    `kind` is the app's.
    """
    numbers = re.findall(r"[0-9]+", push.fields.get("RevokeInfo", ""))
    known = _PARTS.get(kind, {})
    return {part for number in numbers for part in known.get(number, ())}
