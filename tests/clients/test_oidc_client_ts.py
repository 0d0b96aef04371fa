"""npm oidc-client-ts in Chromium: a page of scripts, without a secret and a server.

This client checks what an ID token says and trusts the connection for its signature
(Core section 3.1.3.7 allows that), so a rotated key cannot disturb it.
"""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.shop import Shop
from tests.browser.test_sign_in import person_on_phone, scans_and_confirms
from tests.clients.conftest import CLIENT_ID, node_modules
from wxlogin.oidc import key_rotation

PAGE = """<!doctype html><title>A page of scripts</title>
<script src="/oidc-client-ts.js"></script>
<script>
const manager = new oidc.UserManager({
  authority: %(issuer)s, client_id: %(client_id)s, scope: "openid profile",
  redirect_uri: location.origin + "/callback",
  post_logout_redirect_uri: location.origin + "/bye",
  loadUserInfo: true, automaticSilentRenew: false,
});
</script>"""
#: A promise's value, or what it was refused with.
SETTLED = "%s.then(user => user && user.profile, error => 'refused: ' + error.message)"


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A server that hands out files and does nothing else."""
    script = node_modules() / "oidc-client-ts/dist/browser/oidc-client-ts.min.js"
    with Shop() as running:
        running.pages["/oidc-client-ts.js"] = script.read_text()
        yield running


@pytest.fixture
def oidc(serve, shop):
    """The service, which knows the page as a public client."""
    url = shop.foreign_url
    site = {
        "name": "A page of scripts",
        "client_id": CLIENT_ID,
        "origins": (url,),
        "redirect_uris": (f"{url}/callback",),
        "post_logout_redirect_uris": (f"{url}/bye",),
    }
    service = serve(sites=(site,))
    names = {"issuer": service.url, "client_id": CLIENT_ID}
    page = PAGE % {name: json.dumps(value) for name, value in names.items()}
    for path in ("/", "/callback", "/bye"):
        shop.pages[path] = page
    return service


class Scripts:
    """The page in a browser, and the person's phone beside it."""

    def __init__(self, page: Page, phone: Page, url: str, issuer: str) -> None:
        self.page, self.phone = page, phone
        self.url, self.issuer = url, issuer

    def leaves(self, wishes: str = "{}") -> None:
        """Goes to us, asking for these things."""
        self.page.goto(self.url)
        self.does(f"manager.signinRedirect({wishes})")
        self.page.wait_for_url(f"{self.issuer}/login?**")

    def does(self, what: str) -> None:
        """Begins something that leaves the page."""
        self.page.evaluate(f"() => {{ {what}; }}")

    def comes_back(self):
        """Scans the code; the claims then, or why the client refused."""
        scans_and_confirms(self.phone)
        return self.goes_on()

    def goes_on(self):
        """A page of scripts on loopback is asked about like any program there."""
        self.page.get_by_role("button", name="继续").click()
        self.page.wait_for_url(f"{self.url}/callback?**")
        return self.page.evaluate(SETTLED % "manager.signinCallback()")

    def user(self, field: str) -> str | None:
        """A field of what the client keeps about who is signed in."""
        return self.page.evaluate(f"manager.getUser().then(user => user?.{field})")


@pytest.fixture
def scripts(oidc, shop, simulator, window) -> Scripts:
    pc, phone = window(), window(width=390, height=844)
    person_on_phone(phone, simulator, "xiaoming")
    return Scripts(pc, phone, shop.foreign_url, oidc.url)


@pytest.fixture
def signed_in(scripts) -> Scripts:
    scripts.leaves()
    assert scripts.comes_back()["name"] == "小明😀"
    return scripts


def test_it_signs_in_by_discovery_alone(signed_in, oidc):
    """Across origins: discovery, the token endpoint and userinfo let the page in."""
    assert signed_in.user("profile.iss") == oidc.url
    assert signed_in.user("profile.aud") == CLIENT_ID


def test_it_refreshes(signed_in):
    before = [signed_in.user(name) for name in ("access_token", "profile.sub")]
    answer = signed_in.page.evaluate(SETTLED % "manager.signinSilent()")
    assert answer["sub"] == before[1]
    assert signed_in.user("access_token") != before[0]
    assert signed_in.user("profile.name") == "小明😀"


def test_it_signs_out(signed_in, oidc):
    """Back at the page, and signed out with us as well."""
    signed_in.does("manager.signoutRedirect()")
    signed_in.page.wait_for_url(f"{signed_in.url}/bye")
    assert signed_in.user("profile.sub") is None
    signed_in.page.goto(f"{oidc.url}/me")
    assert signed_in.page.url == f"{oidc.url}/login?next=/me"


def test_it_refuses_a_wrong_nonce(scripts):
    """security row 117: asked for with one nonce, expected with another."""
    scripts.page.route(
        "**/oauth2/authorize?*",
        lambda route: route.continue_(
            url=route.request.url.replace("nonce=mine", "nonce=anothers")
        ),
    )
    scripts.leaves("{nonce: 'mine'}")
    assert "nonce" in scripts.comes_back()
    assert scripts.user("profile.sub") is None


def test_it_signs_in_under_a_rotated_key(signed_in, oidc):
    """security row 118"""
    with oidc.app.app_context():
        key_rotation.rotate(leaked=True)
    signed_in.page.goto(signed_in.url)
    signed_in.page.evaluate("manager.removeUser()")
    signed_in.does("manager.signinRedirect()")
    assert signed_in.goes_on()["name"] == "小明😀"
