"""`wxlogin demo`: the service and a simulated WeChat, from nothing."""

import json
import re
import signal
import socket
from pathlib import Path

import requests

from tests.cli.commands import Commands, free_port, get

APPS = [
    {
        "name": "shop",
        "kind": "website",
        "appid": "wx00112233445566aa",
        "secret": "any-text-will-do",
        "open_platform": "own",
    },
    {
        "name": "web",
        "kind": "website",
        "appid": "wx0000000000000a01",
        "secret": "another-than-the-fixed-one",
        "open_platform": "main",
    },
]


def ports() -> dict[str, str]:
    names = ("PORT", "SIMULATOR_PORT", "SHOP_PORT")
    return {name: str(free_port()) for name in names}


def test_from_an_empty_folder_to_a_code(wxlogin):
    given = ports()
    demo = wxlogin.start("demo", **given)
    shop = re.search(r"http://\S+", demo.says("shop"))[0]
    assert shop == f"http://127.0.0.1:{given['SHOP_PORT']}"
    service = re.search(r"http://\S+", demo.says("Sign in"))[0]
    assert service == f"http://127.0.0.1:{given['PORT']}/login"
    phone = re.search(r"http://\S+", demo.says("phone"))[0]
    assert phone == f"http://localhost:{given['SIMULATOR_PORT']}/phone"
    demo.says("Ctrl-C")
    page = get(service)
    assert page.status_code == 200
    frame = re.search(r'src="(http://localhost:[^"]+)"', page.text)[1]
    inner = get(frame.replace("&amp;", "&"))
    assert "/connect/qrcode/" in inner.text
    assert get(phone).status_code == 200
    assert "Hello, 小明😀" in shop_after_the_scan(given)
    # No version of anything is told.
    assert page.headers["Server"] == "wxlogin"
    assert get(shop).headers["Server"] == "wxlogin"
    instance = wxlogin.folder / "instance"
    kept = {"secret_key", "encryption_key", "wxlogin.db"}
    assert kept <= {file.name for file in instance.iterdir()}
    for name in ("secret_key", "encryption_key"):
        assert (instance / name).stat().st_mode & 0o077 == 0
    assert demo.ends(signal.SIGINT) == 0
    assert not [line for line in demo.lines if "Traceback" in line]


def test_the_second_start_goes_on_with_what_there_is(wxlogin):
    """The second time with options in place of variables."""
    given, browser = ports(), wxlogin.folder / "browser"
    browser.write_text('#!/bin/sh\necho "a browser at $1"\n')
    browser.chmod(0o755)
    service = f"http://127.0.0.1:{given['PORT']}"
    for options in ((), ("--port", given["PORT"], "--no-shop", "--open")):
        if options:
            given["PORT"] = ""
            given["BROWSER"] = str(browser)
        demo = wxlogin.start("demo", *options, **given)
        demo.says("Ctrl-C")
        assert get(f"{service}/readyz").status_code == 200
        if options:
            demo.says(f"a browser at {service}/login")
            assert not any("tea shop" in line for line in demo.lines)
        assert demo.ends() == 0


def test_a_path_of_its_own(wxlogin):
    given = ports()
    url = f"http://127.0.0.1:{given['PORT']}/wx"
    demo = wxlogin.start("demo", WXLOGIN_PUBLIC_URL=url, **given)
    assert f"{url}/login" in demo.says("Sign in")
    demo.says("Ctrl-C")
    assert f'href="{"/wx/"}static' in get(f"{url}/login").text
    apps = get(f"http://localhost:{given['SIMULATOR_PORT']}/_sim/apps").json()
    servers = {app["name"]: app["request_domain"] for app in apps}
    # The phone plays the programs, whose server this is.
    assert servers["mp"] == servers["mp2"] == url
    assert servers["web"] == ""
    # What happens at an account is pushed to the service, which takes it.
    follows = {"appid": "oa", "person": "xiaoming", "event": "subscribe"}
    simulator = f"http://localhost:{given['SIMULATOR_PORT']}"
    pushed = requests.post(f"{simulator}/_sim/push", json=follows, timeout=20).json()
    assert pushed["requests"][0]["url"] == f"{url}/oa/oa"
    assert pushed["outcome"] == "success"
    assert "Hello, 小明😀" in shop_after_the_scan(given)


def test_the_simulator_knows_the_configured_apps(wxlogin):
    given = ports()
    demo = wxlogin.start(
        "demo", WXLOGIN_APPS=json.dumps(APPS), WXLOGIN_SIMULATOR="on", **given
    )
    demo.says("Ctrl-C")
    simulator = f"http://localhost:{given['SIMULATOR_PORT']}"
    apps = {app["name"]: app for app in get(f"{simulator}/_sim/apps").json()}
    assert set(apps) == {"shop", "web", "oa", "mp", "mp2", "app", "lone"}
    assert apps["shop"]["callback_domains"] == ["127.0.0.1"]
    for given_app in APPS:
        known = apps[given_app["name"]]
        # The operator's own secrets are not shown (finding L3).
        assert (given_app | {"secret": "•••"}).items() <= known.items()
    assert signs_in(given, "shop") == "小明😀"
    # Also after a clean slate.
    requests.post(f"{simulator}/_sim/reset", timeout=5)
    assert signs_in(given, "web") == "小明😀"


def signs_in(given: dict[str, str], app: str) -> str:
    """小明 signs in through this app; the name that /api/me says."""
    service = f"http://127.0.0.1:{given['PORT']}"
    with requests.Session() as browser:
        page = browser.get(f"{service}/login/qr?app={app}", timeout=10)
        scans(given, browser, page)
        return browser.get(f"{service}/api/me", timeout=10).json()["nickname"]


def shop_after_the_scan(given: dict[str, str]) -> str:
    """小明 presses the shop's button and scans; the shop's page then."""
    shop = f"http://127.0.0.1:{given['SHOP_PORT']}"
    with requests.Session() as browser:
        login = browser.get(f"{shop}/login", timeout=10).url
        page = browser.get(login.replace("/login?", "/login/qr?"), timeout=10)
        back = scans(given, browser, page)
        assert back.url == f"{shop}/"
        return back.text


def scans(
    given: dict[str, str], browser: requests.Session, page: requests.Response
) -> requests.Response:
    """The code on WeChat's page, by 小明's phone; the page this leads to."""
    simulator = f"http://localhost:{given['SIMULATOR_PORT']}"
    uuid = re.search(r"/connect/qrcode/([0-9A-Za-z]{16})", page.text)[1]
    body = {"uuid": uuid, "person": "xiaoming"}
    for act in ("scan", "confirm"):
        done = requests.post(f"{simulator}/_sim/{act}", json=body, timeout=10)
    return browser.get(done.json()["redirect"], timeout=10)


def test_a_taken_port_is_one_sentence(wxlogin):
    for name in ports():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            done = wxlogin.run("demo", **{**ports(), name: port})
        assert done.returncode == 1
        assert done.stdout == ""
        [line] = done.stderr.splitlines()
        assert line.startswith(f"wxlogin: port {port} ")
        assert name in line


def test_the_demo_is_not_for_the_world(wxlogin):
    done = wxlogin.run("demo", WXLOGIN_PUBLIC_URL="https://login.shop.test")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert all(line for line in done.stderr.splitlines())
    url = {"WXLOGIN_PUBLIC_URL": "http://127.0.0.1:7001"}
    told = wxlogin.here("demo", "--port", "7002", **url)
    assert told.returncode == 1
    assert "leave one of it and --port out" in told.stderr


def test_app_py_starts_it_too(tmp_path: Path):
    import sys

    root = Path(__file__).resolve().parents[2]
    commands = Commands(tmp_path, [sys.executable, str(root / "app.py")])
    given = ports()
    try:
        demo = commands.start(**given)
        demo.says("Ctrl-C")
        assert get(f"http://127.0.0.1:{given['PORT']}/login").status_code == 200
    finally:
        commands.stop_all()
