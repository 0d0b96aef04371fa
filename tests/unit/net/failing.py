"""What a failed exchange has to look like, whatever broke."""

import time

import pytest

from wxlogin.errors import WeChatUnavailable
from wxlogin.net.deadline import Deadline

# What a loaded machine may take beyond the budget.
GRACE = 1.5


def fails(wechat, app, *, seconds=5.0):
    """The facts of a failed exchange, which must not outlast its budget."""
    began = time.monotonic()
    with pytest.raises(WeChatUnavailable) as caught:
        wechat.exchange(app, "MARKERcode", deadline=Deadline(seconds))
    assert time.monotonic() - began < seconds + GRACE
    assert caught.value.facts["app"] == "web"
    assert caught.value.facts["call"] == "exchange"
    return caught.value.facts
