"""Two thousand bodies that nobody wrote, rightly signed, are no fault of ours."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from tests.web.push_fuzz import fuzz
from tests.web.pushes import Hand, db_of
from wxlogin.accounts.models import Push
from wxlogin.config.demo import demo_apps

BODIES = 2000


def test_two_thousand_signed_bodies_are_taken(app_for: Callable[..., Flask]) -> None:
    # Security rows 82 and 87.
    oa = demo_apps()[1].model_copy(update={"aes_key": None})
    mp = demo_apps()[2]
    # Nobody asks WeChat about followers here.
    app = app_for(apps=[oa, mp], log_level="error", wechat_api_url="http://127.0.0.1:9")
    figures = fuzz([Hand(app, "oa"), Hand(app, mp.name)], BODIES)
    assert figures.wrong == []
    assert figures.answers[200] > BODIES * 0.9
    assert figures.answers[400] > 10
    assert figures.slowest[0] < 0.5, figures
    assert figures.after - figures.before < 40 << 20, figures
    with db_of(app) as session:
        # Each has had its effect.
        left = sa.select(Push).where(Push.message.is_not(None))
        assert session.scalars(left).all() == []
