"""Every error that a visitor can meet has words of its own."""

from wxlogin import errors
from wxlogin.web.words import INTERNAL, words_for

# Start-up only, or their visitors are told "something went wrong on our side".
WITHOUT = {"configuration", "internal", "bad_next", "login_failed", "seal_broken"}
# WeChat's server reads them, and not a word.
WITHOUT |= {"push_refused", "push_unreadable"}


def tree(base=errors.WxloginError):
    yield base
    for below in base.__subclasses__():
        yield from tree(below)


def test_each_code_is_known():
    codes = {error.code for error in tree() if error.__module__ == "wxlogin.errors"}
    assert len(codes) > 20
    without = {code for code in codes if words_for(code) is INTERNAL}
    assert without <= WITHOUT


def test_an_unknown_code_is_ours():
    assert words_for("no such code") is INTERNAL


def test_the_statuses_of_the_tree_are_those_of_answers():
    for error in tree():
        assert 400 <= error.status < 600
        assert (error.status == 503) == (error.retry_after is not None), error
