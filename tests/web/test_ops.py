"""What machines ask: alive, ready."""

import pytest

from wxlogin.db import db


def test_alive_and_ready(browser):
    assert browser.get("/healthz").get_json() == {"status": "ok"}
    assert browser.get("/readyz").get_json() == {"status": "ready"}


def test_ready_says_no_when_the_database_is_away(app, browser, tmp_path):
    with app.app_context():
        db.engine.dispose()
    for file in tmp_path.glob("wxlogin.db*"):
        file.unlink()
    away = tmp_path / "wxlogin.db"
    away.mkdir()
    answer = browser.get("/readyz")
    away.rmdir()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    # What is wrong is for the log: detail is not public (security row 103).
    assert "sqlite" not in answer.text.lower()
    assert browser.get("/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_checks_need_no_name_of_ours(browser, path):
    """Load balancers and containers ask on loopback, without a browser."""
    answer = browser.get(path, headers={"Host": "localhost:8000", "User-Agent": ""})
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
