"""WeChat's domain verification files."""

import pytest

from wxlogin.config import load_settings
from wxlogin.errors import ConfigurationError

FILES = {"MP_verify_aB3dE5.txt": "aB3dE5", "6ynZPDvfTF.txt": "校验\n"}


@pytest.mark.parametrize("path", ["", "/wx"])
def test_a_file_is_served_as_it_is(app_for, browser_of, path):
    app = app_for(verify_files=FILES, public_url=f"http://127.0.0.1:5000{path}")
    browser = browser_of(app)
    for name, content in FILES.items():
        # With a path, WeChat asks there or at the root, as the console says.
        for at in {"", path}:
            answer = browser.get(f"{at}/{name}")
            assert answer.status_code == 200
            assert answer.data == content.encode()
            assert answer.mimetype == "text/plain"
            assert "Set-Cookie" not in answer.headers


def test_head_and_any_language_and_browser_get_the_same(app_for, browser_of):
    browser = browser_of(app_for(verify_files=FILES))
    odd = {"User-Agent": "", "Accept": "application/json", "Accept-Language": "xx"}
    answer = browser.get("/MP_verify_aB3dE5.txt", headers=odd)
    assert answer.data == b"aB3dE5"
    head = browser._send("HEAD", "/MP_verify_aB3dE5.txt")
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == "6"


@pytest.mark.parametrize(
    "path",
    [
        "/MP_verify_other.txt",
        "/mp_verify_ab3de5.txt",
        "/MP_verify_aB3dE5",
        "/MP_verify_aB3dE5.txt/",
        "/wx/MP_verify_aB3dE5.txt",
        "/%2e%2e/MP_verify_aB3dE5.txt",
        "/.txt",
    ],
)
def test_every_other_name_is_not_found(app_for, browser_of, path):
    assert browser_of(app_for(verify_files=FILES)).get(path).status_code == 404


def test_posting_is_not_allowed(app_for, browser_of):
    answer = browser_of(app_for(verify_files=FILES)).post("/MP_verify_aB3dE5.txt")
    assert answer.status_code == 405


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ({"../secret.txt": "x"}, "as WeChat names it"),
        ({"MP_verify.html": "x"}, "as WeChat names it"),
        ({"MP_verify_a b.txt": "x"}, "as WeChat names it"),
        ({"MP_verify_a.txt": ""}, "without a BOM"),
        ({"MP_verify_a.txt": "\ufeffa"}, "without a BOM"),
        # What TOML makes of a name without quotes.
        ({"MP_verify_a": {"txt": "a"}}, '"MP_verify_a.txt"'),
    ],
)
def test_a_name_or_content_that_cannot_be_one_is_refused(tmp_path, files, hint):
    with pytest.raises(ConfigurationError) as caught:
        load_settings(tmp_path, verify_files=files)
    assert caught.value.operator.startswith("VERIFY_FILES")
    assert hint in caught.value.operator


def test_json_in_the_environment_and_a_table_in_toml(tmp_path, monkeypatch):
    (tmp_path / "wxlogin.toml").write_text(
        '[verify_files]\n"MP_verify_a.txt" = "toml"\n"MP_verify_b.txt" = "b"\n'
    )
    assert load_settings(tmp_path).verify_files["MP_verify_a.txt"] == "toml"
    monkeypatch.setenv("WXLOGIN_VERIFY_FILES", '{"MP_verify_a.txt": "env"}')
    # File by file the environment wins.
    files = load_settings(tmp_path).verify_files
    assert files == {"MP_verify_a.txt": "env", "MP_verify_b.txt": "b"}
