"""What kind of refusal a page is shows before it is read."""

import re

import pytest

from tests.support.journey import ENGLISH
from wxlogin.errors import WxloginError
from wxlogin.web.problems import Mark, mark_of


def mark(answer) -> str:
    return re.search(r'<p class="sign (\w+)" aria-hidden="true">(.)<', answer.text)[1]


def test_a_wrong_address_and_a_wechat_that_is_down_look_unlike(
    browser, simulator, xiaoming
):
    assert mark(browser.get("/nowhere", headers=ENGLISH)) == "lost"
    started = browser.starts()
    code = xiaoming.confirms(started)
    simulator.world.switches.put({"body": "status:500"})
    assert mark(browser.returns(started, code)) == "fault"
    assert mark(browser.get("/login/callback/web?code=x&state=y")) == "caution"


def test_who_cancelled_is_not_warned(browser):
    started = browser.starts()
    assert mark(browser.returns(started, None)) == "calm"


def all_errors(base=WxloginError) -> list[type[WxloginError]]:
    return [one for kind in base.__subclasses__() for one in (kind, *all_errors(kind))]


@pytest.mark.parametrize("error", all_errors(), ids=lambda error: error.__name__)
def test_what_is_ours_to_mend_is_a_fault(error):
    found = mark_of(error.code, error.status)
    if error.status >= 500:
        assert found in (Mark.fault, Mark.calm)
    else:
        assert found is not Mark.fault
