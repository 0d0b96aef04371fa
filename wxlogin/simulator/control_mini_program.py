"""The control API of mini programs: what a phone gives to the program it runs."""

from typing import Any

from flask import Response, jsonify

from .control import body, bp
from .control_wechat import app_of, person_of
from .current import origin, world
from .refusals import Clash, Invalid, flag, known, mapping, text
from .world import ids, open_data
from .world.parties import App, Person

# Ten years; more would be a typing error.
_MOST_AGE = 10 * 366 * 24 * 3600


@bp.post("/mp/login")
def login() -> Response:
    """wx.login: a code for the program's server, good for five minutes and once."""
    data = _data()
    app, person = app_of(data, "mini_program"), person_of(data)
    return jsonify(errMsg="login:ok", code=world().mini_login(app, person))


@bp.post("/mp/userdata")
def userdata() -> Response:
    """wx.getUserInfo, `form` anonymous, or the wx.getUserProfile of old, `legacy`.

    `escaped` writes rawData with `\\/`; `age` makes it as many seconds old.
    """
    data = _data("form", "escaped", "age")
    app, person = app_of(data, "mini_program"), _person(data)
    api, user = _profile(text(data, "form", "body", "anonymous"), person)
    raw = open_data.compact(user)
    if flag(data, "escaped", "body", False):
        raw = raw.replace("/", "\\/")
    key = _live_key(app, person)
    profile = {name: value for name, value in user.items() if name != "is_demote"}
    plain = _ids(app, person, profile) | _watermark(app, data)
    return jsonify(
        errMsg=f"{api}:ok",
        userInfo=user,
        rawData=raw,
        signature=open_data.signature(raw, key),
        **_encrypted(app, person, plain, key),
    )


@bp.post("/mp/phone")
def phone() -> Response:
    """The phone number button: a code, and the encrypted number beside it.

    Without a live session_key there is the code alone, as a code needs no login.
    """
    data = _data("allow", "age")
    app, person = app_of(data, "mini_program"), _person(data)
    if not flag(data, "allow", "body", True):
        return jsonify(errMsg="getPhoneNumber:fail user deny")
    errno = world().switches.get("phone_errno", app=app.name, person=person.name)
    if errno:
        return jsonify(errMsg="getPhoneNumber:fail", errno=errno)
    if not person.phone:
        raise Clash(f"{person.name!r} has no phone number")
    answer = {"code": world().mini_programs.phone_code(app, person.name)}
    key = world().mini_programs.key(app, person.name)
    if key:
        number = open_data.phone_number(person, person.country_code)
        plain = number | _watermark(app, data)
        answer |= _encrypted(app, person, plain, key.value)
    return jsonify(errMsg="getPhoneNumber:ok", **answer)


def _data(*more: str) -> Any:
    data = mapping(body(), "body")
    known(data, ("appid", "person", *more), "body")
    return data


def _person(data: Any) -> Person:
    return world().registry.person(person_of(data))


def _profile(form: str, person: Person) -> tuple[str, dict[str, Any]]:
    if form == "anonymous":
        return "getUserInfo", open_data.anonymous()
    if form == "legacy":
        return "getUserProfile", open_data.legacy(person, origin())
    raise Invalid(f"body.form: `anonymous` or `legacy`, not {form!r}")


def _live_key(app: App, person: Person) -> str:
    key = world().mini_programs.key(app, person.name)
    if key is None:
        raise Clash(f"{person.name!r} has no live session key: log in first")
    return key.value


def _ids(app: App, person: Person, profile: dict[str, Any]) -> dict[str, Any]:
    """The profile between the openId and the unionId, as it is encrypted."""

    def switch(name: str) -> Any:
        return world().switches.get(name, app=app.name, person=person.name)

    openid = switch("userinfo_openid") or ids.openid(app.appid, person.name)
    unionid = ids.unionid(app.open_platform, person.name) if app.open_platform else ""
    if switch("drop_unionid"):
        unionid = ""
    unionid = switch("userinfo_unionid") or unionid
    union = {"unionId": unionid} if unionid else {}
    return {"openId": openid, **profile, **union}


def _watermark(app: App, data: Any) -> dict[str, Any]:
    age = data.get("age", 0)
    if isinstance(age, bool) or not isinstance(age, int) or not 0 <= age <= _MOST_AGE:
        raise Invalid(f"body.age: 0 to {_MOST_AGE} seconds, not {age!r}")
    return open_data.watermark(app.appid, world().now() - age)


def _encrypted(
    app: App, person: Person, plain: dict[str, Any], key: str
) -> dict[str, str]:
    sealed = open_data.encrypted(open_data.compact(plain), key)
    if world().switches.get("plus_lost", app=app.name, person=person.name):
        return {name: value.replace("+", " ") for name, value in sealed.items()}
    return sealed
