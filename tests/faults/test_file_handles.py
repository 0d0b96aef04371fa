"""Fault F19: the process may open no more files.

The look-up of a name, the connection to WeChat, the one to the database: each fails
with a page, and works again when there are handles.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from tests.faults.conftest import SignsIn, check_503, stranger
from wxlogin.config.secret_keys import made_once
from wxlogin.db import db
from wxlogin.service import service_of
from wxlogin.web.problems import rehearse


@contextmanager
def none_left() -> Iterator[None]:
    """As many files may be open as are now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Those below the limit that are free are taken.
    taken = [os.open(os.devnull, os.O_RDONLY) for _ in range(3)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(taken) + 1, hard))
    try:
        while True:
            try:
                taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        for handle in taken:
            os.close(handle)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("of", ["wechat", "database"])
def test_a_sign_in_fails_with_a_page_and_the_next_one_works(
    app: Flask, xiaoming, lihua, signs_in: SignsIn, log, of: str
) -> None:
    # It serves for a while: what a sign-in imports is there.
    rehearse(app)
    assert signs_in(stranger(app), xiaoming).status_code == 303
    browser = stranger(app)
    started = browser.starts()
    code = lihua.confirms(started)
    # What is open already needs no new handle.
    service_of(app).wechat._api._transport.close()
    if of == "database":
        with app.app_context():
            db.engine.dispose()
    log()
    with none_left():
        answer = browser.get(started.with_code(code))
    check_503(answer, log)
    assert signs_in(browser, lihua).status_code == 303


def test_no_key_is_half_written(tmp_path) -> None:
    path = tmp_path / "secret_key"
    with none_left(), pytest.raises(OSError, match="Too many open files"):
        made_once(path)
    assert list(tmp_path.iterdir()) == []
    assert len(made_once(path)) == 44
