"""GET /api/mp/<app>/check: do our session and WeChat's session key still live?"""

import pytest

from tests.support.journey import calls
from tests.web.mini_program import MiniProgram, program_with

CHECKSESSION, STABLE = "/wxa/checksession", "/cgi-bin/stable_token"


@pytest.fixture
def program(app, simulator) -> MiniProgram:
    """小明's phone with the program `mp`, signed in."""
    program = MiniProgram(app, simulator)
    assert program.logs_in().status_code == 200
    return program


def state(program: MiniProgram) -> dict:
    answer = program.sends("GET", f"/api/mp/{program.name}/check")
    assert answer.status_code == 200, answer.text
    assert answer.headers.getlist("Set-Cookie") == []
    return answer.get_json()


def test_both_live(program):
    assert state(program) == {"session": "live", "session_key": "live"}


def test_a_key_that_another_login_has_ended(app, program, simulator):
    """wx.login was called, and its code never came here."""
    simulator.world.switch(rotate_session_key="always")
    programs, app = simulator.world.mini_programs, simulator.world.registry.app("mp")
    programs.redeem(program.code(), app)
    assert state(program)["session_key"] == "over"
    assert program.who()
    # The program does what the answer asks for.
    answer = program.post("session", code=program.code(), attempt="a" * 20)
    assert answer.status_code == 200
    assert state(program) == {"session": "live", "session_key": "live"}


def test_the_newest_of_our_keys_is_the_one(program, simulator):
    """Older ones are kept for data of before, and are over."""
    simulator.world.switch(rotate_session_key="always")
    for _ in range(2):
        program.post("session", code=program.code(), attempt="a" * 20)
    assert state(program)["session_key"] == "live"


@pytest.mark.parametrize(
    "fault",
    [
        {"errcode": {"path": STABLE, "errcode": 40164}},
        {"errcode": {"path": STABLE, "errcode": 40125}},
        {"errcode": {"path": CHECKSESSION, "errcode": -1}},
        {"errcode": {"path": CHECKSESSION, "errcode": 42001}},
        {"errcode": {"path": CHECKSESSION, "errcode": 40003}},
        {"body": {"path": CHECKSESSION, "mode": "html"}},
        {"body": {"path": STABLE, "mode": "reset"}},
    ],
)
def test_where_wechat_cannot_be_asked_its_half_is_unknown(program, simulator, fault):
    """Case 6: our session needs nothing of WeChat's."""
    simulator.world.switch(**fault)
    assert state(program) == {"session": "live", "session_key": "unknown"}
    assert state(program) == {"session": "live", "session_key": "unknown"}
    assert len(calls(simulator, STABLE)) <= 2


def test_without_a_token_nobody_is_asked(app, simulator, program):
    """security row 64"""
    stranger = MiniProgram(app, simulator)
    other = MiniProgram(app, simulator, name="mp2")
    other.token = program.token
    for one in (stranger, other):
        answer = one.sends("GET", f"/api/mp/{one.name}/check")
        assert (answer.status_code, answer.get_json()["code"]) == (
            401,
            "sign_in_needed",
        )
    answer = program.sends("GET", f"/api/mp/mp/check?token={program.token}")
    assert answer.status_code == 400
    assert calls(simulator, CHECKSESSION) == []


def test_after_signing_out(program):
    program.sends("DELETE", "/api/session")
    assert program.sends("GET", "/api/mp/mp/check").status_code == 401


def test_a_stranger_has_a_key_and_no_session(app_for, settings_for, simulator):
    program = program_with(app_for, settings_for, simulator, two_phase=True)
    assert program.logs_in().get_json()["user"] is None
    assert state(program) == {"session": "waiting", "session_key": "live"}


def test_a_program_that_asks_all_the_time(app_for, simulator):
    program = MiniProgram(app_for(limits={"checks": 2}), simulator)
    program.logs_in()
    codes = [program.sends("GET", "/api/mp/mp/check").status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    assert len(calls(simulator, CHECKSESSION)) == 2
