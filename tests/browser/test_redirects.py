"""Return addresses, judged by Chromium's own URL parser."""

from tests.support import journey, redirects
from tests.support.vectors import MORE_RETURN_ADDRESSES, ORIGIN, RETURN_ADDRESSES

ALL = (*RETURN_ADDRESSES, *MORE_RETURN_ADDRESSES)
SITES = ({"name": "good", "origins": (ORIGIN,)},)

JUDGE = """places => places.map(place => {
  const link = document.createElement('a');
  link.href = place;
  const url = new URL(place, document.baseURI);
  return url.href === link.href ? url.origin : 'parsers differ';
})"""


def test_nobody_is_led_away(serve, simulator, window):
    """security row 13: our origin and the listed one, after a login and without"""
    service = serve(sites=SITES)
    browser = journey.Browser(service.app)
    phone = journey.Phone(simulator, "xiaoming")
    places = [redirects.after_login(browser, phone, one) for one in ALL]
    for method, path in redirects.SIDE_DOORS:
        ends = [redirects.after_side_door(browser, method, path, one) for one in ALL]
        places += ends
    page = window()
    page.goto(f"{service.url}/login")
    origins = page.evaluate(JUDGE, places)
    assert set(origins) == {service.url, ORIGIN}
    # The judge itself: some of the addresses do lead away.
    astray = page.evaluate(JUDGE, ["//evil.test", "/\\evil.test"])
    assert set(astray) == {"http://evil.test"}


def test_the_whole_way_in_a_browser(service, simulator, window):
    """security rows 13 and 16: what a browser does with a hostile link to us"""
    phone = journey.Phone(simulator, "xiaoming")
    for address in (
        "/%5cevil.test",
        "%2f%2fevil.test",
        "/%09/evil.test",
        "//evil.test",
    ):
        page = window()
        page.goto(f"{service.url}/login/qr?next={address}")
        uuid = page.locator("img.qrcode").get_attribute("src").rpartition("/")[2]
        simulator.world.scan(uuid, phone.person)
        simulator.world.confirm(uuid, phone.person)
        page.wait_for_url(f"{service.url}/me")
