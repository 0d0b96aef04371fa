"""Names and pictures that people choose are judged where the program says so."""

import pytest

from tests.support.journey import calls
from tests.web.mini_program import MiniProgram, program_with
from tests.web.pushes import Post, settle
from tests.web.test_mini_program_avatar import GREEN, RED, picture, sends, shown
from wxlogin.flows import content_check, held_token
from wxlogin.service import service_of

TEXT, MEDIA = "/wxa/msg_sec_check", "/wxa/media_check_async"
STABLE = "/cgi-bin/stable_token"


@pytest.fixture
def program(app_for, settings_for, simulator) -> MiniProgram:
    """小明's phone with a program that has names judged, signed in."""
    program = program_with(app_for, settings_for, simulator, content_check=True)
    assert program.logs_in().status_code == 200
    return program


def named(program: MiniProgram, name: str):
    return program.post("profile", nickName=name)


def test_a_name_that_passes_is_taken(program, simulator):
    answer = named(program, "小明😀")
    assert answer.status_code == 200
    assert program.who()["nickname"] == "小明😀"
    (call,) = calls(simulator, TEXT)
    assert call["params"]["openid"] == program.who()["identities"][0]["openid"]


@pytest.mark.parametrize("name", ["违规内容小明", "可疑内容"])
def test_a_name_that_does_not_pass_changes_nothing(program, name):
    """Nor one that a human being should look at: there is none here."""
    named(program, "小明")
    answer = named(program, name)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "content_refused")
    assert name not in answer.text
    assert program.who()["nickname"] == "小明"


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"errcode": {"path": STABLE, "errcode": 40164}}, 502),
        ({"errcode": {"path": TEXT, "errcode": -1}}, 503),
        ({"errcode": {"path": TEXT, "errcode": 61010}}, 502),
        ({"body": {"path": TEXT, "mode": "html"}}, 503),
    ],
)
def test_a_name_that_nobody_could_judge_is_not_taken(program, simulator, fault, status):
    named(program, "小明")
    # A token that is there is good for a while.
    program = forgets_token(program)
    simulator.world.switch(**fault)
    assert named(program, "新名").status_code == status
    assert program.who()["nickname"] == "小明"
    # And signing in goes on.
    assert program.logs_in().status_code == 200


def forgets_token(program: MiniProgram) -> MiniProgram:
    with program.app.app_context():
        held_token._tokens.take(held_token.key_of(app_of(program)))
    return program


def app_of(program: MiniProgram):
    apps = service_of(program.app).settings.apps
    return next(one for one in apps if one.name == program.name)


def test_an_empty_name_is_no_question_for_wechat(program, simulator):
    assert named(program, "  ").get_json()["code"] == "bad_request"
    assert calls(simulator, TEXT) == []


def test_off_by_default(app, simulator):
    program = MiniProgram(app, simulator)
    program.logs_in()
    assert named(program, "违规内容小明").status_code == 200
    assert sends(program, picture()).status_code == 200
    assert calls(simulator, TEXT) == calls(simulator, MEDIA) == []


def test_a_stranger_whose_name_does_not_pass_has_no_account(
    app_for, settings_for, simulator
):
    program = program_with(
        app_for, settings_for, simulator, content_check=True, two_phase=True
    )
    program.logs_in()
    assert named(program, "违规内容").get_json()["code"] == "content_refused"
    assert program.logs_in().get_json()["user"] is None


# -- pictures --


@pytest.fixture
def trace(monkeypatch):
    """The ids under which pictures were submitted."""
    found = []
    submit = content_check.app_calls.submit_picture

    def watched(wechat, app, token, url, **named):
        found.append(submit(wechat, app, token, url, **named))
        # WeChat fetches it from where everybody may.
        assert url.startswith("http://127.0.0.1:5000/avatars/")
        return found[-1]

    monkeypatch.setattr(content_check.app_calls, "submit_picture", watched)
    return found


def judged(program: MiniProgram, trace_id: str, suggest: str) -> None:
    with program.app.app_context():
        content_check.judged(program.appid, trace_id, suggest)


@pytest.mark.parametrize(
    ("suggest", "stays"), [("pass", True), ("review", False), ("risky", False)]
)
def test_a_verdict_over_a_picture(program, trace, suggest, stays):
    sends(program, picture())
    assert shown(program) is not None
    judged(program, trace[0], suggest)
    assert (shown(program) is not None) is stays


@pytest.fixture
def verdicts(program, simulator):
    """`verdicts()`: WeChat has looked at the pictures, and pushes what it thinks."""
    pushes, later = simulator.world.pushes, []
    before = pushes.post, pushes.pause, pushes.start
    post = Post(program.app, simulator, "mp")
    pushes.start = later.append

    def deliver() -> list[bytes]:
        for job in later:
            job()
        settle(program.app)
        return [answer.data for answer in post.answers]

    yield deliver
    pushes.post, pushes.pause, pushes.start = before


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize(("verdict", "stays"), [("pass", True), ("risky", False)])
def test_wechat_pushes_its_verdict(program, simulator, verdicts, form, verdict, stays):
    simulator.world.switch(content_check=verdict)
    simulator.world.registry.put_apps({"name": "mp", "push_format": form})
    sends(program, picture())
    assert shown(program) is not None
    assert verdicts() == [b"success"]
    assert (shown(program) is not None) is stays


def test_wechat_looks_at_the_picture_where_the_person_has_it(program, monkeypatch):
    asked, submit = [], content_check.app_calls.submit_picture

    def watched(wechat, app, token, url, **named):
        asked.append(url)
        return submit(wechat, app, token, url, **named)

    monkeypatch.setattr(content_check.app_calls, "submit_picture", watched)
    sends(program, picture())
    assert asked == [program.who()["avatar"]]


def test_a_verdict_is_about_the_picture_that_was_looked_at(program, trace):
    sends(program, picture(GREEN))
    sends(program, picture(RED))
    judged(program, trace[0], "risky")
    assert shown(program) is not None
    judged(program, trace[1], "risky")
    assert shown(program) is None


def test_a_verdict_over_nothing_of_ours(program, trace):
    sends(program, picture())
    judged(program, "another", "risky")
    assert shown(program) is not None


def test_a_picture_that_wechat_cannot_look_at_is_there(program, simulator, log):
    simulator.world.switch(errcode={"path": MEDIA, "errcode": 45011})
    log()
    assert sends(program, picture()).status_code == 200
    assert shown(program) is not None
    (line,) = [line for line in log() if line["event"] == "picture not judged"]
    assert line["errcode"] == 45011


def test_a_verdict_that_is_faster_than_our_own_call_counts(program, trace, monkeypatch):
    submit = content_check.app_calls.submit_picture

    def overtaken(*given, **named):
        found = submit(*given, **named)
        content_check.judged(program.appid, found, "risky")
        return found

    monkeypatch.setattr(content_check.app_calls, "submit_picture", overtaken)
    sends(program, picture())
    assert shown(program) is None
