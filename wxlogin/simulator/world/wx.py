"""What a phone's `wx` gives to the mini program it runs: a code, open data, a number.

Errors of the phone are answers, too; the program's callback gets them as `errMsg`.
"""

from dataclasses import dataclass
from typing import Any

from ..refusals import Clash, Invalid
from . import World, ids, open_data
from .parties import App, Person

Answer = dict[str, Any]

ANONYMOUS, LEGACY = "anonymous", "legacy"


@dataclass(frozen=True)
class Phone:
    """One person's phone with one program open; `origin` is where pictures are."""

    world: World
    app: App
    person: Person
    origin: str

    def switch(self, name: str) -> Any:
        """The value of a switch for this program and person, None when off."""
        return self.world.switches.get(name, app=self.app.name, person=self.person.name)


def login(phone: Phone) -> Answer:
    """wx.login: a code for the program's server, good for five minutes and once."""
    code = phone.world.mini_login(phone.app, phone.person.name)
    return {"errMsg": "login:ok", "code": code}


def user_info(
    phone: Phone, form: str = ANONYMOUS, *, escaped: bool = False, age: int = 0
) -> Answer:
    """wx.getUserInfo of today, or with LEGACY the wx.getUserProfile of old.

    `escaped` writes rawData with `\\/`; `age` makes the data so many seconds old.
    Raises Clash without a live session_key, Invalid for another form.
    """
    if form not in (ANONYMOUS, LEGACY):
        raise Invalid(f"form: `{ANONYMOUS}` or `{LEGACY}`, not {form!r}")
    key = phone.world.mini_programs.key(phone.app, phone.person.name)
    if key is None:
        raise Clash(f"{phone.person.name!r} has no live session key: log in first")
    profile = (
        open_data.legacy(phone.person, phone.origin)
        if form == LEGACY
        else open_data.anonymous()
    )
    # This one is said in rawData alone.
    user = profile if form == LEGACY else profile | {"is_demote": True}
    raw = open_data.compact(user)
    raw = raw.replace("/", "\\/") if escaped else raw
    return {
        "errMsg": f"{'getUserProfile' if form == LEGACY else 'getUserInfo'}:ok",
        "userInfo": user,
        "rawData": raw,
        "signature": open_data.signature(raw, key.value),
        **_encrypted(phone, _with_ids(phone, profile), key.value, age),
    }


def phone_number(phone: Phone, *, allow: bool = True, age: int = 0) -> Answer:
    """The phone number button: a code, and the encrypted number beside it.

    Without a live session_key there is the code alone, as a code needs no login. Raises
    Clash for a person who has no number.
    """
    if not allow:
        return {"errMsg": "getPhoneNumber:fail user deny"}
    errno = phone.switch("phone_errno")
    if errno:
        return {"errMsg": "getPhoneNumber:fail", "errno": errno}
    person, programs = phone.person, phone.world.mini_programs
    if not person.phone:
        raise Clash(f"{person.name!r} has no phone number")
    code = programs.phone_code(phone.app, person.name)
    answer = {"errMsg": "getPhoneNumber:ok", "code": code}
    key = programs.key(phone.app, person.name)
    if key is None:
        return answer
    number = open_data.phone_number(person, person.country_code)
    return answer | _encrypted(phone, number, key.value, age)


def _with_ids(phone: Phone, profile: Answer) -> Answer:
    """The profile between the openId and the unionId, as it is encrypted."""
    app, person = phone.app, phone.person.name
    openid = phone.switch("userinfo_openid") or ids.openid(app.appid, person)
    unionid = phone.switch("userinfo_unionid") or ""
    if not unionid and app.open_platform and not phone.switch("drop_unionid"):
        unionid = ids.unionid(app.open_platform, person)
    return {"openId": openid, **profile} | ({"unionId": unionid} if unionid else {})


def _encrypted(phone: Phone, data: Answer, key: str, age: int) -> dict[str, str]:
    mark = open_data.watermark(phone.app.appid, phone.world.now() - age)
    sealed = open_data.encrypted(open_data.compact(data | mark), key)
    if phone.switch("plus_lost"):
        return {name: value.replace("+", " ") for name, value in sealed.items()}
    return sealed
