"""Variables, files and wxlogin.toml: what is read, and what is said where it is not."""

import json
import os
import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from wxlogin.config import Settings, load_settings, notation
from wxlogin.config.sources import advice_for, unknown_names
from wxlogin.errors import ConfigurationError

APP = {
    "name": "web",
    "kind": "website",
    "appid": "wx0123456789abcdef",
    "secret": "0123456789abcdef0123456789abcdef",
}
SITE = {"name": "Shop", "origins": ["https://shop.example"]}
KEY = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
SEAL = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

# Every setting as text, the way a variable and a file hold it.
TEXTS = {
    "public_url": "http://127.0.0.1:6000",
    "env": "trial",
    "secret_key": KEY,
    "secret_key_fallbacks": f"{KEY}1,{KEY}2",
    "encryption_keys": SEAL,
    "database_url": "sqlite:////tmp/other.db",
    "redis_url": "redis://127.0.0.1:6379/1",
    "apps": json.dumps([APP]),
    "sites": json.dumps([SITE]),
    "registration": "closed",
    "simulator": "off",
    "simulator_url": "http://localhost:6001",
    "wechat_open_url": "https://open.shop.example",
    "wechat_api_url": "https://api.shop.example",
    "wechat_res_url": "https://res.shop.example",
    "wechat_mp_url": "https://mp.shop.example",
    "wechat_budget": "5",
    "trusted_proxies": "2",
    "proxy_path": "kept",
    "profile": "always",
    "default_language": "en",
    "operator_key": KEY,
    "verify_files": '{"MP_verify_a.txt": "a"}',
    "log_level": "debug",
    "log_format": "text",
    "limits": '{"failed_codes": 7}',
    "accent": "#123456",
    "logo": "/logo.png",
    "terms_url": "https://shop.example/terms",
    "privacy_url": "/privacy",
}


def text_for(name: str) -> str:
    """A value that differs from the default, as text."""
    if name in TEXTS:
        return TEXTS[name]
    default = Settings.model_fields[name].default
    if isinstance(default, bool):
        return "off" if default else "on"
    return str(default + 1) if isinstance(default, int) else "other.example"


@pytest.fixture
def file_for(tmp_path, monkeypatch):
    """`file_for("apps", "[…]")`: a file with this in it, named by its variable."""

    def _file_for(name: str, content: str | bytes, mode: int = 0o600) -> Path:
        path = tmp_path / f"{name}.value"
        raw = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(raw)
        path.chmod(mode)
        monkeypatch.setenv(f"WXLOGIN_{name.upper()}_FILE", str(path))
        return path

    return _file_for


def refusal(folder: Path, **given: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(folder, **given)
    return caught.value.operator


@pytest.mark.parametrize("name", Settings.model_fields)
@pytest.mark.parametrize("frame", ["{}", "\ufeff{}\r\n", "\n{} \n"])
def test_every_setting_may_stand_in_a_file(
    tmp_path, monkeypatch, file_for, name, frame
):
    """finding I9: a file holds what the variable takes, whatever the setting is."""
    from wxlogin.config.loading import read_settings

    monkeypatch.setenv(f"WXLOGIN_{name.upper()}", text_for(name))
    by_variable = getattr(read_settings(tmp_path), name)
    monkeypatch.delenv(f"WXLOGIN_{name.upper()}")
    file_for(name, frame.format(text_for(name)))
    by_file = getattr(read_settings(tmp_path), name)
    assert by_file == by_variable
    assert by_file != Settings.model_fields[name].default


def test_wxlogin_toml_names_files_beside_it(tmp_path):
    toml, key = tmp_path / "wxlogin.toml", tmp_path / "keys" / "operator"
    key.parent.mkdir()
    key.write_text(f"{KEY}\n")
    key.chmod(0o600)
    toml.write_text('operator_key_file = "keys/operator"\n')
    assert load_settings(tmp_path).operator_key.get_secret_value() == KEY
    toml.write_text(f'operator_key_file = "{key}"\nsite_name_file = 7\nlgo_file = ""\n')
    assert "no setting named lgo; did you mean logo?" in refusal(tmp_path)
    toml.write_text(
        f'operator_key_file = "{key}"\noperator_key = "{KEY}"\nlogo_file = 7'
    )
    told = refusal(tmp_path)
    assert "operator_key_file and operator_key both stand there; keep one" in told
    assert "logo_file: write the name of a file" in told
    key.chmod(0o644)
    toml.write_text('operator_key_file = "keys/operator"\n')
    assert "operator_key_file: every user of this machine may read" in refusal(tmp_path)


@pytest.mark.parametrize("joint", [",", "\n", "\r\n", ", ", " ,\n", "\n\n"])
def test_keys_stand_with_commas_or_in_lines(tmp_path, file_for, joint):
    file_for("secret_key_fallbacks", f"{KEY}1{joint}{KEY}2\n")
    keys = load_settings(tmp_path).secret_key_fallbacks
    assert [key.get_secret_value() for key in keys] == [f"{KEY}1", f"{KEY}2"]


def test_variable_and_file_together_are_refused(tmp_path, monkeypatch, file_for):
    file_for("site_name", "file")
    monkeypatch.setenv("WXLOGIN_SITE_NAME", "variable")
    assert "are both set; keep one" in refusal(tmp_path)
    monkeypatch.setenv("WXLOGIN_SITE_NAME", "")
    assert load_settings(tmp_path).site_name == "file"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (" \r\n", "is empty"),
        ("\ufeff\n", "is empty"),
        (b"\x00\x01\x02", "NUL bytes"),
        (b"\xff\xfek\x00e\x00y\x00", "UTF-16"),
        (b"\xfe\xff\x00k\x00e\x00y", "UTF-16"),
        (b"\xff\xfe\x00\x00k\x00\x00\x00", "UTF-32"),
        (b"hush\n\xc4\xe3", "no text in UTF-8 (line 2)"),
        (b"h" * (1024 * 1024 + 1), "larger than a megabyte"),
    ],
)
def test_a_file_that_holds_no_value(tmp_path, file_for, content, says):
    path = file_for("operator_key", content)
    told = refusal(tmp_path)
    assert told.startswith("WXLOGIN_OPERATOR_KEY_FILE: ")
    assert str(path) in told
    assert says in told
    assert "hush" not in told


def test_a_file_that_is_none(tmp_path, monkeypatch):
    def told(path: Path | str) -> str:
        monkeypatch.setenv("WXLOGIN_OPERATOR_KEY_FILE", str(path))
        return refusal(tmp_path)

    assert "there is no such file" in told(tmp_path / "none")
    assert "is a folder" in told(tmp_path)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "none")
    assert "there is no such file" in told(link)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert "no regular file" in told(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert "no regular file" in told(tmp_path / "s")
    assert "no regular file" in told("/dev/zero")
    assert "cannot be read" in told(tmp_path / ("n" * 300))


def test_a_file_that_we_may_not_read(tmp_path, file_for, monkeypatch):
    file_for("operator_key", KEY)

    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "the user that runs wxlogin may not read it" in refusal(tmp_path)


SECRETS = [
    "secret_key",
    "secret_key_fallbacks",
    "encryption_keys",
    "operator_key",
    "database_url",
    "redis_url",
    "apps",
    "sites",
]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("mode", [stat.S_IROTH, stat.S_IWOTH])
def test_a_secret_in_a_file_that_everybody_may_open(tmp_path, file_for, name, mode):
    """security row 37"""
    file_for(name, text_for(name), 0o600 | mode)
    assert "chmod 600" in refusal(tmp_path)


def test_on_windows_the_mode_of_a_file_says_nothing(tmp_path, file_for, monkeypatch):
    """There every file seems to be everybody's; a demo was refused for its own key."""
    monkeypatch.setattr(notation, "os", SimpleNamespace(name="nt"))
    file_for("secret_key", text_for("secret_key"), 0o666)
    assert load_settings(tmp_path).secret_key


def test_what_is_no_secret_may_be_read_by_all(tmp_path, file_for):
    file_for("site_name", "茶铺", 0o644)
    assert load_settings(tmp_path).site_name == "茶铺"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"name": "web" "kind": 1}]', "line 1, column 17: Expecting ',' delimiter"),
        ('[\n {"name": }\n]', "line 2, column 11: Expecting value"),
        ("[{'name': 'web'}]", "line 1, column 3: "),
        ('[{“name”: "web"}]', "U+201C LEFT DOUBLE QUOTATION MARK"),
        ('[{"name"："web"}]', "U+FF1A FULLWIDTH COLON"),
        ('[{"name": "web", "name": "oa"}]', "name stands there twice"),
        ("[" * 100_000, "too deep"),
        ("[" + "1" * 5000 + "]", "too long"),
        ("web", "line 1, column 1"),
        ("[{...}]", "line 1, column 3"),
    ],
)
@pytest.mark.parametrize("name", ["apps", "sites"])
def test_json_that_is_none_is_told_with_its_place(
    tmp_path, monkeypatch, file_for, name, text, says
):
    monkeypatch.setenv(f"WXLOGIN_{name.upper()}", text)
    told = refusal(tmp_path)
    assert told.startswith(f"WXLOGIN_{name.upper()} is not valid JSON: ")
    assert says in told
    monkeypatch.delenv(f"WXLOGIN_{name.upper()}")
    path = file_for(name, text)
    assert f"{path} is not valid JSON: " in refusal(tmp_path)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (
            b'site_name = "a"\nlogo = \xe2\x80\x9c/x\xe2\x80\x9d\n',
            "LEFT DOUBLE QUOTATION",
        ),
        (b"site_name\xc2\xa0= 'a'\n", "U+00A0 NO-BREAK SPACE"),
        (b"site_name \xef\xbc\x9d 'a'\n", "U+FF1D FULLWIDTH EQUALS SIGN"),
        (b"site_name = 'a\n", "at end of document"),
        (b"site_name = 'a'\nsite_name = 'b'\n", "line 2"),
        ('site_name = "a"'.encode("utf-16"), "UTF-16"),
        (b"site_name = '\xb2\xe8\xc6\xcc'\n", "no text in UTF-8 (line 1)"),
        (b"a" * (1024 * 1024 + 1), "larger than a megabyte"),
        (b"apps = " + b"[" * 100_000, "too many brackets"),
    ],
)
def test_toml_that_is_none_is_told_with_its_place(tmp_path, raw, says):
    """finding I13"""
    path = tmp_path / "wxlogin.toml"
    path.write_bytes(raw)
    told = refusal(tmp_path)
    assert told.startswith(str(path))
    assert says in told


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_toml_of_any_editor_is_read(tmp_path, mark, end):
    lines = [b'site_name = "tea"', b"", b"[[sites]]", b'name = "Shop\xc2\xa0"']
    (tmp_path / "wxlogin.toml").write_bytes(mark + end.join(lines))
    settings = load_settings(tmp_path)
    assert (settings.site_name, settings.sites[0].name) == ("tea", "Shop")


def test_wxlogin_toml_that_cannot_be_read_is_not_passed_over(tmp_path):
    path = tmp_path / "wxlogin.toml"
    path.symlink_to(tmp_path / "gone")
    assert "there is no such file" in refusal(tmp_path)
    path.unlink()
    path.mkdir()
    assert "is a folder" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("site_nam", "site_name"),
        ("publicurl", "public_url"),
        ("public-url", "public_url"),
        ("SITE_NAME", "site_name"),
        ("site", "sites"),
        ("secretkey", "secret_key"),
        ("sesion_days", "session_days"),
        ("wechat_budged", "wechat_budget"),
    ],
)
def test_a_misspelled_name_is_told_with_the_right_one(
    tmp_path, monkeypatch, name, meant
):
    told = refusal(tmp_path, **{name: "x"})
    assert told == f"there is no setting named {name}; did you mean {meant}?"
    (tmp_path / "wxlogin.toml").write_text(f'{name} = "x"\n')
    assert refusal(tmp_path).endswith(f"named {name}; did you mean {meant}?")
    variable = f"WXLOGIN_{name.upper()}"
    if name != "SITE_NAME":
        monkeypatch.setenv(variable, "x")
        assert unknown_names() == [variable]
        assert advice_for(variable) == f"did you mean WXLOGIN_{meant.upper()}?"


def test_the_file_of_a_misspelled_name_is_meant_too(monkeypatch):
    monkeypatch.setenv("WXLOGIN_SECRETKEY_FILE", "x")
    assert unknown_names() == ["WXLOGIN_SECRETKEY_FILE"]
    assert advice_for("WXLOGIN_SECRETKEY_FILE") == (
        "did you mean WXLOGIN_SECRET_KEY_FILE?"
    )
    assert advice_for("WXLOGIN_XYZZY") == ""


def test_mistakes_of_all_places_are_told_at_once(tmp_path, monkeypatch):
    (tmp_path / "wxlogin.toml").write_text("site_nam = 1\n")
    monkeypatch.setenv("WXLOGIN_APPS", "[")
    monkeypatch.setenv("WXLOGIN_LOGO_FILE", str(tmp_path / "gone"))
    assert len(refusal(tmp_path, acent="x").splitlines()) == 4


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "５０００", "8 0", "8e3"])
@pytest.mark.parametrize("variable", ["PORT", "SIMULATOR_PORT", "SHOP_PORT"])
def test_a_port_that_is_none_is_told_by_its_variable(
    tmp_path, monkeypatch, variable, port
):
    monkeypatch.setenv(variable, port)
    told = refusal(tmp_path)
    assert told == f'{variable} is "{port}": a port is 1 to 65535'


def test_settings_beside_their_name_are_not_passed_over(tmp_path):
    (tmp_path / "wxlogin.toml.txt").write_text("")
    assert "wxlogin.toml.txt is not read; name it wxlogin.toml" in refusal(tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    assert "is no folder; set WXLOGIN_INSTANCE to one" in refusal(file)


def test_a_value_that_is_no_text_is_refused(tmp_path, monkeypatch):
    """Bytes of another encoding in the environment, half a character in JSON."""
    monkeypatch.setitem(os.environ, "WXLOGIN_SITE_NAME", "\udcb2\udce8")
    monkeypatch.setenv("WXLOGIN_SITES", '[{"name": "\\ud83d"}]')
    monkeypatch.setenv("WXLOGIN_VERIFY_FILES", '{"MP_verify_a.txt": "\\ud83d"}')
    lines = refusal(tmp_path).splitlines()
    assert len(lines) == 3
    assert all(line.endswith("it is no text in UTF-8") for line in lines)


def test_what_was_given_is_not_in_its_repr(tmp_path, monkeypatch):
    """security row 30"""
    from wxlogin.config.sources import collect

    monkeypatch.setenv("WXLOGIN_SECRET_KEY", KEY)
    assert KEY not in repr(collect(tmp_path, {"operator_key": KEY}))


def test_toml_in_a_file_for_json_is_told(tmp_path, file_for):
    file_for("apps", '[[apps]]\nname = "web"\n')
    assert "write JSON here, [{…}]; [[apps]] is for wxlogin.toml" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["operator_key", "apps", "site_name"])
def test_a_variable_in_place_of_its_value_is_told(tmp_path, file_for, name):
    file_for(name, f"WXLOGIN_{name.upper()}={KEY}\n")
    told = refusal(tmp_path)
    assert "the value alone" in told
    assert KEY not in told


def test_a_folder_that_we_may_not_look_into_is_not_empty(tmp_path, monkeypatch):
    def refuse(*_args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "lstat", refuse)
    assert "the user that runs wxlogin may not read it" in refusal(tmp_path)
