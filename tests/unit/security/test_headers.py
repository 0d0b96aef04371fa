"""The headers of an answer."""

import pytest
from flask import Flask
from werkzeug.wrappers import Response

from wxlogin.config import Settings
from wxlogin.security.headers import Needs, add_headers, csp_nonce
from wxlogin.security.origins import site_origins


def policy(response: Response) -> dict[str, str]:
    text = response.headers["Content-Security-Policy"]
    pairs = (directive.partition(" ") for directive in text.split("; "))
    return {name: value for name, _, value in pairs}


def test_the_policy_of_an_ordinary_page(https: Settings) -> None:
    """Security rows 88 and 90."""
    assert policy(add_headers(Response(), https, "N")) == {
        "default-src": "'none'",
        "script-src": "'nonce-N'",
        "style-src": "'self' 'nonce-N'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "frame-src": "'none'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
    }


def test_every_answer_says_the_same_of_itself(https: Settings) -> None:
    """Security row 91."""
    headers = add_headers(Response(status=500), https, "N").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "camera=()" in headers["Permissions-Policy"]


def test_http_promises_no_https(development: Settings) -> None:
    headers = add_headers(Response(), development, "N").headers
    assert "Strict-Transport-Security" not in headers


def test_a_secret_in_the_url_reaches_no_referer(https: Settings) -> None:
    """Security row 32; elsewhere forms need `same-origin` to name their origin."""
    told = add_headers(Response(), https, "N").headers["Referrer-Policy"]
    hidden = add_headers(Response(), https, "N", Needs(hidden_referrer=True)).headers
    assert (told, hidden["Referrer-Policy"]) == ("same-origin", "no-referrer")


def test_nothing_dynamic_is_kept_even_if_a_view_said_so(https: Settings) -> None:
    """Security row 32."""
    for static, kept in ((False, "no-store"), (True, "max-age=60")):
        response = Response(headers={"Cache-Control": "max-age=60"})
        add_headers(response, https, "N", Needs(static=static))
        assert response.headers["Cache-Control"] == kept


def test_only_pages_that_ask_get_more(https: Settings) -> None:
    """Security row 88: WeChat's frame, listed sites, each where it is wanted."""
    needs = Needs(
        frame_src="https://open.weixin.qq.com/connect/qrconnect",
        images=["https://thirdwx.qlogo.cn/a/132"],
        form_targets=site_origins(https),
        frame_ancestors=["'self'", *site_origins(https)],
    )
    response = add_headers(Response(), https, "N", needs)
    listed = (
        "https://shop.test https://*.wild.test https://*.port.test:8443 "
        "http://localhost:3000"
    )
    found = policy(response)
    assert found["frame-src"] == "'self' https://open.weixin.qq.com"
    assert found["connect-src"] == "'self' https://open.weixin.qq.com"
    assert found["img-src"] == "'self' data: https://thirdwx.qlogo.cn"
    assert found["form-action"] == f"'self' {listed}"
    assert found["frame-ancestors"] == f"'self' {listed}"
    assert "X-Frame-Options" not in response.headers


@pytest.mark.parametrize(
    "source", ["*", "data:", "'unsafe-inline'", "https://a.test; script-src *", ""]
)
def test_a_source_cannot_widen_the_policy(https: Settings, source: str) -> None:
    with pytest.raises(ValueError, match="source"):
        add_headers(Response(), https, "N", Needs(form_targets=[source]))


def test_a_nonce_lasts_one_request() -> None:
    app = Flask("wxlogin")
    seen = []
    for _ in range(2):
        with app.test_request_context():
            seen.append(csp_nonce())
            assert csp_nonce() == seen[-1]
    assert len(set(seen)) == 2
    assert all(len(nonce) >= 22 for nonce in seen)
