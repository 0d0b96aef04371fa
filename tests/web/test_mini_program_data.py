"""What a mini program brings later: a new session key, and data of WeChat's client."""

from collections.abc import Callable
from itertools import product

import pytest

from tests.support.journey import pictures_arrive
from tests.web.mini_program import MiniProgram
from wxlogin.accounts import people
from wxlogin.accounts.models import Conflict, Session, User
from wxlogin.db import db
from wxlogin.flows import open_data
from wxlogin.simulator.world import ids
from wxlogin.simulator.world import open_data as made

FIELDS = ("rawData", "signature", "encryptedData", "iv")


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`, signed in."""
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    return program


def data_of(program: MiniProgram, **more: object) -> dict[str, str]:
    """What `wx.getUserInfo` gives, in the form of old programs unless it is said."""
    found = program.of_wechat("userdata", **{"form": "legacy", **more})
    return {name: found[name] for name in FIELDS}


def refused(answer) -> bool:
    """The one refusal."""
    body = answer.get_json()
    assert (answer.status_code, body.pop("code")) == (400, "open_data_invalid")
    assert len(body.pop("request_id")) == 16
    assert set(body) == {"type", "title", "status", "detail"}
    return True


def users(app) -> list[User]:
    with app.app_context():
        return db.session.query(User).order_by(User.id).all()


def test_name_and_picture_come_with_the_data(app, program):
    answer = program.post("bind", **data_of(program))
    assert answer.status_code == 200
    body = answer.get_json()
    assert set(body) == {"user", "profile_wanted"}
    assert (body["user"]["nickname"], body["profile_wanted"]) == ("小明😀", False)
    assert program.who()["nickname"] == "小明😀"


def test_the_anonymous_profile_replaces_nothing(app, program):
    before = program.post("bind", **data_of(program, form="anonymous")).get_json()
    assert (before["user"]["nickname"], before["profile_wanted"]) == ("", True)
    program.post("bind", **data_of(program))
    after = program.post("bind", **data_of(program, form="anonymous")).get_json()
    assert (after["user"]["nickname"], after["profile_wanted"]) == ("小明😀", False)


def test_the_picture_is_fetched_and_shown(app, program):
    program.post("bind", **data_of(program))
    pictures_arrive(app)
    assert "/avatars/" in program.who()["avatar"]


def sealed(program: MiniProgram, **profile: object) -> dict[str, str]:
    """A profile of one's own, as WeChat would seal it."""
    world, at = program.simulator.world, program.simulator.world.now()
    key = world.mini_programs.key(world.registry.app(program.name), program.person)
    raw = made.compact(profile)
    openid = {"openId": ids.openid(program.appid, program.person)}
    plain = made.compact(openid | profile | made.watermark(program.appid, at))
    signature = made.signature(raw, key.value)
    return {"rawData": raw, "signature": signature, **made.encrypted(plain, key.value)}


GREY = (
    "https://thirdwx.qlogo.cn/mmopen/vi_32/POgEwh4mIHO4nibH0KlMECNjjGxQUq24ZEaGT4poC6icR"
    "iccVGKSyXwibcPq4BWmiaIGuG1icwxaQX6grC9VemZoJ8rg/132",
    "https://mmbiz.qpic.cn/mmbiz/icTdbqWNOwNRna42FI242Lcia07jQodd2FJGIYQfG0LAJGFxM4FbnQP6"
    "yfMxBgJ0F3YRqJCJ1aPAK2dQagdusBZg/0",
)


@pytest.mark.parametrize("grey", GREY)
def test_the_grey_picture_replaces_nothing(app, signed_in, program, grey):
    pictures_arrive(app)
    before = program.who()
    assert before["nickname"] == "小明😀" and before["avatar"]
    insecure, larger = grey.replace("https:", "http:"), grey.rpartition("/")[0] + "/640"
    names = ("微信用户", " 微信用户", "", "  ")
    for name, url in product(names, (grey, insecure, larger)):
        answer = program.post("bind", **sealed(program, nickName=name, avatarUrl=url))
        assert answer.status_code == 200
        pictures_arrive(app)
        assert program.who() == before, (name, url)


@pytest.mark.parametrize("grey", GREY)
def test_where_nothing_is_known_the_grey_picture_is_none(app, program, grey):
    data = sealed(program, nickName="微信用户", avatarUrl=grey)
    assert program.post("bind", **data).get_json()["profile_wanted"] is True
    assert (users(app)[0].nickname, users(app)[0].avatar) == ("", None)
    data = sealed(program, nickName="小明", avatarUrl=grey)
    assert program.post("bind", **data).get_json()["profile_wanted"] is False
    assert (users(app)[0].nickname, users(app)[0].avatar) == ("小明", None)


# -- whose data --


@pytest.mark.parametrize("name", FIELDS)
def test_each_part_counts(app, program, name):
    """security rows 59 and 62"""
    data = data_of(program)
    text = data[name]
    changed = text.replace(text[5], "A" if text[5] != "A" else "B", 1)
    assert refused(program.post("bind", **data | {name: changed}))
    assert users(app)[0].nickname == ""
    assert program.post("bind", **data).status_code == 200


@pytest.mark.parametrize("name", FIELDS)
def test_a_part_that_is_missing_or_empty(program, name):
    data = data_of(program)
    assert refused(program.post("bind", **data | {name: ""}))
    del data[name]
    assert refused(program.post("bind", **data))


@pytest.mark.parametrize("odd", [None, 5, ["x"], {}])
@pytest.mark.parametrize("name", FIELDS)
def test_a_part_that_is_no_text(program, name, odd):
    answer = program.post("bind", **data_of(program) | {name: odd})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


@pytest.mark.parametrize("length", [5_000, 60_000, 95_000])
def test_data_that_is_too_long(program, length):
    """security row 62"""
    data = data_of(program) | {"encryptedData": "A" * length}
    assert refused(program.post("bind", **data))


def test_blanks_of_a_form_are_repaired(program, simulator):
    simulator.world.switch(plus_lost=True)
    assert program.post("bind", **data_of(program)).status_code == 200


def test_another_persons_data(app, simulator, program):
    """security row 60"""
    lihua = MiniProgram(app, simulator, person="lihua")
    lihua.logs_in()
    assert refused(program.post("bind", **data_of(lihua)))


def test_data_that_names_another_person(program, simulator):
    """security row 60: by a key that is right"""
    simulator.world.switch(userinfo_openid="oAnotherPerson00000000000000")
    assert refused(program.post("bind", **data_of(program)))


def test_another_programs_data(app, simulator, program):
    """security row 60"""
    other = MiniProgram(app, simulator, name="mp2")
    other.logs_in()
    assert refused(program.post("bind", **data_of(other)))


def test_a_phone_number_is_no_profile(program):
    """Right data at the wrong door: nothing is stored."""
    number = program.of_wechat("phone")
    data = data_of(program)
    for name in ("encryptedData", "iv"):
        data[name] = number[name]
    assert refused(program.post("bind", **data))


@pytest.mark.parametrize("age", [290, 310])
def test_data_is_good_for_five_minutes(program, age):
    """security row 60"""
    answer = program.post("bind", **data_of(program, age=age))
    assert answer.status_code == 200 if age < 300 else refused(answer)


def test_a_unionid_in_the_data_joins_nobody(app, simulator, program):
    """security row 63: whoever has the session key writes what he likes"""
    lihua = MiniProgram(app, simulator, person="lihua")
    lihua.logs_in()
    simulator.world.switch(userinfo_unionid=lihua.who()["unionid"])
    before = program.who()
    answer = program.post("bind", **data_of(program))
    assert answer.status_code == 200
    pictures_arrive(app)
    after = program.who()
    assert after["nickname"] == "小明😀"
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"nickname", "language", "avatar"}
    assert len(users(app)) == 2
    assert lihua.who()["uid"] != before["uid"]


def test_a_unionid_in_the_data_is_not_recorded(app, simulator):
    """security row 63"""
    simulator.world.switch(drop_unionid=True)
    program = MiniProgram(app, simulator)
    program.logs_in()
    simulator.world.switch(userinfo_unionid="oVictim0000000000000000000000")
    assert program.post("bind", **data_of(program)).status_code == 200
    assert program.who()["unionid"] is None


@pytest.fixture
def trusting(app_for, settings_for, simulator) -> Callable[..., MiniProgram]:
    """小明's phone with a program whose unionids count, which WeChat's server does not
    name."""

    def make(**of_app: object) -> MiniProgram:
        trust = {"trust_open_data_unionid": True, **of_app}
        apps = [
            {**app.model_dump(), **(trust if app.name == "mp" else {})}
            for app in settings_for().apps
        ]
        app = app_for(apps=apps, simulator="on")
        simulator.world.switch(drop_unionid=True)
        program = MiniProgram(app, simulator)
        assert program.logs_in().status_code == 200
        simulator.world.switch(drop_unionid=None)
        return program

    return make


@pytest.mark.parametrize("form", ["legacy", "anonymous"])
def test_a_unionid_that_the_program_trusts_is_recorded(trusting, form):
    program = trusting()
    assert program.who()["unionid"] is None
    answer = program.post("bind", **data_of(program, form=form))
    assert answer.status_code == 200
    assert program.who()["unionid"]


@pytest.mark.parametrize("older", ["program", "web"])
def test_it_joins_accounts_and_the_token_goes_on(trusting, browser_of, xiaoming, older):
    program = trusting()
    if older == "web":
        program.sends("DELETE", "/api/session")
        with program.app.app_context():
            people.delete(users(program.app)[0].id)
    browser = browser_of(program.app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    if older == "web":
        program.simulator.world.switch(drop_unionid=True)
        program.logs_in()
        program.simulator.world.switch(drop_unionid=None)
    token, uid = program.token, browser.who()["uid"]
    assert program.who()["uid"] != uid
    before = program.who()["uid"]
    answer = program.post("bind", **data_of(program, form="anonymous"))
    assert answer.status_code == 200
    stays, goes = (uid, before) if older == "web" else (before, uid)
    assert program.who(token)["uid"] == stays == answer.get_json()["user"]["uid"]
    assert program.who()["former_uids"] == [goes]


def test_a_trusted_unionid_that_contradicts_changes_nothing(trusting, simulator):
    """The table of a login holds: a conflict, on record."""
    program = trusting()
    program.post("bind", **data_of(program))
    pictures_arrive(program.app)
    before = program.who()
    simulator.world.switch(userinfo_unionid="oOther00000000000000000000000")
    assert program.post("bind", **data_of(program)).status_code == 200
    assert program.who() == before
    with program.app.app_context():
        assert db.session.query(Conflict).count() == 1


def test_a_stranger_is_whom_a_trusted_unionid_names(trusting, browser_of, xiaoming):
    stranger = trusting(two_phase=True)
    browser = browser_of(stranger.app)
    started = browser.starts()
    browser.returns(started, xiaoming.confirms(started))
    body = stranger.post("bind", **data_of(stranger)).get_json()
    assert body["user"]["uid"] == browser.who()["uid"]
    assert len(users(stranger.app)) == 1


def test_a_strangers_two_unionids_are_refused(trusting, simulator):
    program = trusting(two_phase=True)
    program.token = ""
    program.logs_in()
    simulator.world.switch(userinfo_unionid="oOther00000000000000000000000")
    answer = program.post("bind", **data_of(program))
    assert (answer.status_code, answer.get_json()["code"]) == (
        *(502, "answers_disagree"),
    )
    assert users(program.app) == []


# -- once --


def test_the_same_data_again_in_its_session_is_answered_alike(program):
    data = data_of(program)
    answers = [program.post("bind", **data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].get_json() == answers[1].get_json()


def test_data_is_no_use_in_a_second_login(program):
    """security row 61"""
    data = data_of(program)
    assert program.post("bind", **data).status_code == 200
    assert program.logs_in().status_code == 200
    assert refused(program.post("bind", **data))
    respelled = {name: text.replace("+", " ") for name, text in data.items()}
    respelled["rawData"] = data["rawData"]
    assert refused(program.post("bind", **respelled))


# -- whose session --


def test_a_token_of_another_program_is_none(app, simulator, program):
    """security row 64"""
    data = data_of(program)
    other = MiniProgram(app, simulator, name="mp2")
    other.logs_in()
    for path, body in (("bind", data), ("session", {"code": program.code()})):
        answer = other.sends("POST", f"/api/mp/mp/{path}", json=body)
        assert (answer.status_code, answer.get_json()["code"]) == (
            *(401, "sign_in_needed"),
        )
    assert program.asked() == 2


def test_a_browsers_session_is_none(signed_in, program):
    """security row 64"""
    data = data_of(program)
    assert signed_in.post("/api/mp/mp/bind", json=data).status_code == 401


@pytest.mark.parametrize("path", ["bind", "session"])
@pytest.mark.parametrize("token", ["", "made-up"])
def test_without_a_token_nothing_is_taken(app, simulator, path, token):
    stranger = MiniProgram(app, simulator)
    stranger.token = token
    answer = stranger.post(path, code="x")
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "query",
    [
        *("token={}", "access_token={}", "Access-Token={}", "accessToken={}"),
        *("Authorization=Bearer+{}", "sessionToken={}", "jwt={}", "a=1&TOKEN={}"),
        *("t={}", "t=Bearer%20{}", "{}", "token=", "token=of-nobody"),
    ],
)
def test_a_token_in_an_address_is_refused(program, query):
    """security row 64"""
    path = f"/api/mp/mp/bind?{query.format(program.token)}"
    answer = program.sends("POST", path, json=data_of(program))
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")


def test_a_program_may_add_to_an_address_what_is_no_token(program):
    path = "/api/mp/mp/bind?t=1700000000&next=/orders"
    assert program.sends("POST", path, json=data_of(program)).status_code == 200


# -- session keys --


@pytest.mark.parametrize("again", ["login", "session", "both", "wx.login"])
def test_data_of_the_previous_key(program, simulator, again):
    """security row 65"""
    simulator.world.switch(rotate_session_key="always")
    program.logs_in()
    data = data_of(program)
    if again in ("session", "both"):
        assert program.post("session", code=program.code()).status_code == 200
    if again in ("login", "both"):
        program.logs_in()
    if again == "wx.login":
        program.code()
    assert program.post("bind", **data).status_code == 200


def test_a_new_session_key_and_the_same_session(program, simulator):
    """security row 65"""
    simulator.world.switch(rotate_session_key="always")
    for _ in range(4):
        program.code()
    assert refused(program.post("bind", **data_of(program)))
    before = program.token
    answer = program.post("session", code=program.code())
    assert answer.status_code == 200
    assert answer.get_json()["user"] == {
        key: program.who()[key] for key in ("uid", "nickname", "language")
    }
    assert program.post("bind", **data_of(program)).status_code == 200
    assert program.token == before


def test_the_retry_of_a_renewal(program):
    """security row 58"""
    code, asked = program.code(), program.asked()
    body = {"code": code, "attempt": "attempt-of-this-tap-0123456789"}
    assert [program.post("session", **body).status_code for _ in range(2)] == [200] * 2
    assert program.asked() == asked + 1
    assert program.post("session", code=code).status_code == 400


def test_the_code_of_another_person_ends_nothing(app, simulator, program):
    """Somebody else has the phone now: the program logs in."""
    code = MiniProgram(app, simulator, person="lihua").code()
    assert program.post("session", code=code).status_code == 401
    assert program.who()


def test_the_phone_numbers_code_renews_nothing(program):
    answer = program.post("session", code="ab" * 32)
    assert answer.get_json()["code"] == "login_code_needed"


def test_after_five_failures_a_session_waits(program):
    """security row 62"""
    data = data_of(program)
    heard = [
        program.post("bind", **data | {"signature": f"{number:040x}"}).status_code
        for number in range(8)
    ]
    assert heard == [400] * 5 + [429] * 3
    assert program.post("bind", **data).status_code == 429


def test_the_same_failure_counts_once(program):
    """security row 62"""
    data = data_of(program)
    bad = data | {"signature": "0" * 40}
    assert all(refused(program.post("bind", **bad)) for _ in range(9))
    assert program.post("bind", **data).status_code == 200


@pytest.mark.parametrize("how", ["login", "session"])
def test_who_logs_in_again_does_not_wait(program, how):
    """security row 62: honest programs never come to 429"""
    for number in range(3 * open_data.FAILURES):
        bad = data_of(program) | {"signature": f"{number:040x}"}
        assert refused(program.post("bind", **bad))
        if how == "login":
            program.logs_in()
        else:
            program.post("session", code=program.code())
    assert program.post("bind", **data_of(program)).status_code == 200


# -- strangers --


@pytest.fixture
def stranger(app_for, settings_for, simulator) -> MiniProgram:
    """小明's phone with a program that lets strangers look around."""
    apps = [
        {**app.model_dump(), "two_phase": app.name == "mp"}
        for app in settings_for().apps
    ]
    program = MiniProgram(app_for(apps=apps, simulator="on"), simulator)
    assert program.logs_in().get_json()["user"] is None
    return program


def test_a_stranger_gets_an_account_with_the_data(stranger):
    data = data_of(stranger)
    answers = [stranger.post("bind", **data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    body = answers[0].get_json()
    assert body["user"]["nickname"] == "小明😀"
    assert body["token"] == answers[1].get_json()["token"]
    assert stranger.who(body["token"])["uid"] == body["user"]["uid"]
    assert len(users(stranger.app)) == 1


def test_a_strangers_bad_data_makes_no_account(stranger):
    assert refused(stranger.post("bind", **data_of(stranger) | {"iv": "A" * 22 + "=="}))
    assert users(stranger.app) == []


def test_a_strangers_token_renews_nothing_and_is_of_its_program(stranger, simulator):
    """security row 64"""
    assert stranger.post("session", code=stranger.code()).status_code == 401
    data = data_of(stranger)
    assert stranger.sends("POST", "/api/mp/mp2/bind", json=data).status_code == 401
    with stranger.app.app_context():
        assert db.session.query(Session).count() == 0


def test_where_a_site_asks_first_data_is_no_word(app_for, simulator):
    app = app_for(registration="ask", terms_url="https://shop.example/terms")
    program = MiniProgram(app, simulator)
    program.logs_in()
    answer = program.post("bind", **data_of(program))
    assert (answer.status_code, answer.get_json()["code"]) == (
        *(403, "registration_needed"),
    )
    assert users(app) == []


# -- the name that a person chooses --


def test_the_name_that_was_typed(program):
    answer = program.post("profile", nickName=" 小\x07明 ")
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["user"]["nickname"], body["profile_wanted"]) == ("小明", False)
    assert program.who()["nickname"] == "小明"


EMPTIED = (
    *("", "   ", "\u3164", "\u200b\u200d", "\u2800 \u3000", "\x00\x07"),
    *("\t\r\n", "\xa0", "\xad", "\ufeff", "\u2060\u2063", "\u115f\u1160\uffa0"),
    *("\u202e\u202c", "\u2028", "\U000e0020\U000e007f", "\u034f\ufe0f", "\u180e"),
    *("微信用户", " 微信用户 ", "微信用户\u200b", "\u3164微信用户"),
    *("微信\u2060用户", "微信用户\ufe0f", "微信用户\U000e0100"),
)


def test_an_emptied_name_replaces_nothing(program):
    program.post("profile", nickName="小明")
    for name in EMPTIED:
        answer = program.post("profile", nickName=name)
        told = answer.get_json()
        assert (answer.status_code, told["code"]) == (400, "bad_request"), ascii(name)
        assert "nickName" in told["reason"]
        assert program.who()["nickname"] == "小明", ascii(name)
    assert program.post("profile").status_code == 400


@pytest.mark.parametrize("odd", [None, 5, ["x"], "x" * 5000])
def test_a_name_that_is_none(program, odd):
    assert program.post("profile", nickName=odd).status_code == 400
    assert program.who()["nickname"] == ""


@pytest.mark.parametrize(
    "path",
    [
        *("wxfile://tmp_5f2a.jpg", "wxfile://usr/a.png", "http://tmp/5f2a.jpeg"),
        *("data:image/png;base64,AAAA", "blob:http://127.0.0.1/5f2a", "file:///5f2a"),
        *("http://store/5f2a.jpg", "/usr/5f2a.jpg", "https://example.com/a.png"),
        *("https://thirdwx.qlogo.cn/mmopen/vi_32/x/132", "  ", "x"),
    ],
)
def test_a_path_on_the_phone_is_no_picture(app, program, path):
    """security row 66"""
    answer = program.post("profile", nickName="小明", avatarUrl=path)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    reason = answer.get_json()["reason"]
    assert "file on the phone" in reason and "/avatar" in reason
    (user,) = users(app)
    assert (user.nickname, user.avatar) == ("", None)


def test_a_name_is_decoration(app, simulator, program):
    """security row 66: another's name makes nobody another"""
    lihua = MiniProgram(app, simulator, person="lihua")
    lihua.logs_in()
    lihua.post("profile", nickName="李华")
    before = program.who()
    body = {"nickName": "李华", "uid": lihua.who()["uid"], "openid": "o1"}
    assert program.post("profile", **body).status_code == 200
    assert program.who() == before | {"nickname": "李华"}
    assert lihua.who()["uid"] != before["uid"]


def test_a_name_needs_a_token_of_this_program(app, simulator, program):
    """security row 64"""
    other = MiniProgram(app, simulator, name="mp2")
    other.logs_in()
    answer = other.sends("POST", "/api/mp/mp/profile", json={"nickName": "小明"})
    assert answer.status_code == 401


def test_a_stranger_gets_an_account_with_a_name(stranger):
    body = stranger.post("profile", nickName="小明").get_json()
    assert body["user"]["nickname"] == "小明"
    assert stranger.who(body["token"])["uid"] == body["user"]["uid"]


def test_names_without_end(app_for, simulator):
    program = MiniProgram(app_for(limits={"logins_of_browser": 2}), simulator)
    program.logs_in()
    heard = [program.post("profile", nickName="x").status_code for _ in range(3)]
    assert heard == [200, 200, 429]
