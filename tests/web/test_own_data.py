"""A person takes a copy of everything along that is kept here (/me/data)."""

import json

from tests.support.journey import CHINESE, ENGLISH


def test_the_page_leads_to_a_file_with_everything(signed_in):
    page = signed_in.get("/me", headers=CHINESE).text
    assert 'action="/me/data"' in page
    assert "下载我的数据" in page
    answer = signed_in.get("/me/data")
    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    uid = signed_in.who()["uid"]
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith(f"attachment; filename={uid}-")
    copy = json.loads(answer.data)
    assert copy["person"]["uid"] == uid
    assert copy["person"]["name"] == "小明😀"
    assert copy["apps"][copy["identities"][0]["appid"]] == "web"
    assert copy["permissions_from_wechat"][0]["scope"] == "snsapi_login"


def test_it_asks_for_a_sign_in_of_the_last_five_minutes(signed_in, clock):
    clock.shift(301)
    answer = signed_in.get("/me/data", headers=ENGLISH)
    assert answer.status_code == 403
    assert "Please sign in once more" in answer.text
    assert "Content-Disposition" not in answer.headers


def test_a_stranger_is_led_to_sign_in(browser):
    answer = browser.get("/me/data")
    assert (answer.status_code, answer.location) == (303, "/login?next=/me")
