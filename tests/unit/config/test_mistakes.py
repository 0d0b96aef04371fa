"""What is wrong with a value is told in words of ours, not in pydantic's."""

import json
import re

import pytest

from wxlogin.config import App, Settings, Site, load_settings
from wxlogin.config.mistakes import shown
from wxlogin.errors import ConfigurationError

PYDANTIC = re.compile(
    "Input should|string_type|pattern|Extra inputs|Field required|valid (?:string|int|"
    "bool|number|list|tuple|dict|boolean)|unable to parse|validation error|"
    "pydantic|Value error|at most \\d+ character|greater than|less than"
)
APP = {
    "name": "web",
    "kind": "website",
    "appid": "wx0123456789abcdef",
    "secret": "0123456789abcdef0123456789abcdef",
}
SITE = {
    "name": "Shop",
    "client_id": "shop",
    "client_secret": "0123456789abcdef0123456789abcdef",
}
# In TOML and JSON a person can write each of these for anything.
WRONG = [
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "thirty",
    "x" * 5000,
    "\x00",
    [],
    [1],
    ["x"],
    [None],
    [[]],
    [{}],
    {},
    {"x": 1},
    {"x": {"y": []}},
]


def told(folder, **given) -> str:
    try:
        load_settings(folder, **given)
    except ConfigurationError as error:
        return error.operator
    return ""


@pytest.mark.parametrize("name", Settings.model_fields)
def test_no_word_of_pydantic_reaches_an_operator(tmp_path, name):
    """Every setting with every kind of wrong value."""
    for value in WRONG:
        text = (
            told(tmp_path, env="trial", **{name: value})
            if name != "env"
            else told(tmp_path, env=value)
        )
        assert not PYDANTIC.search(text), (value, text)
        assert "x" * 100 not in text


@pytest.mark.parametrize(
    ("top", "good", "field"),
    [("apps", APP, field) for field in App.model_fields]
    + [("sites", SITE, field) for field in Site.model_fields],
)
def test_nor_from_an_app_or_a_site(tmp_path, top, good, field):
    for value in WRONG:
        text = told(tmp_path, **{top: [good | {field: value}]})
        assert not PYDANTIC.search(text), (value, text)
        for line in text.splitlines():
            assert line.startswith(f"{top.upper()}: "), (value, line)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("env", "prod", 'ENV is "prod": write development, trial or production'),
        (
            "session_days",
            "thirty",
            'SESSION_DAYS is "thirty": write a whole number, 1 or more, 400 at most',
        ),
        (
            "session_days",
            0,
            "SESSION_DAYS is 0: write a whole number, 1 or more, 400 at most",
        ),
        ("session_days", True, "SESSION_DAYS is true: write a number"),
        (
            "profile_fresh",
            "-5",
            'PROFILE_FRESH is "-5": write a whole number, 0 or more',
        ),
        (
            "wechat_budget",
            "nan",
            'WECHAT_BUDGET is "nan": write a number, more than 0, 60 at most',
        ),
        ("whole_host", "maybe", 'WHOLE_HOST is "maybe": write on or off'),
        ("site_name", 7, "SITE_NAME is 7: write text; in TOML and JSON in quotation"),
        ("accent", "yellow", 'ACCENT is "yellow": write a colour as # and six hex'),
        ("logo", "logo.png", 'LOGO is "logo.png": write a path on our host, such as'),
        ("terms_version", "v" * 65, "TERMS_VERSION is 65 characters: it may have 64"),
        ("apps", {}, "APPS is a table: write a list, also for one: [[apps]] in TOML"),
        ("sites", ["Shop"], 'SITES: the site at place 1 is "Shop": write a table'),
        ("verify_files", [], "VERIFY_FILES is an empty list: write a table of names"),
        (
            "public_url",
            "https://u:hush-hush@login.shop.example",
            "PUBLIC_URL is 38 characters: leave out user name and password",
        ),
    ],
)
def test_a_mistake_names_the_setting_the_value_and_the_way_out(
    tmp_path, name, value, sentence
):
    assert sentence in told(tmp_path, **{name: value})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"redirect_uri": ["x"]},
            "redirect_uri of Shop is no field of a site; did you mean redirect_uris?",
        ),
        (
            {"origin": "x"},
            "origin of Shop is no field of a site; did you mean origins?",
        ),
        (
            {"clientid": "x"},
            "clientid of Shop is no field of a site; did you mean client_id?",
        ),
        (
            {"session_days": 7},
            "session_days of Shop is no field of a site; session_days is a setting: "
            "write it above the first [[…]]",
        ),
        (
            {"secret": "x"},
            "secret of Shop is no field of a site; did you mean cli",
        ),
        ({"xyz": 1}, "xyz of Shop is no field of a site; it has name, origins, "),
        (
            {"redirect_uris": "https://a.example"},
            'redirect_uris of Shop is "https://a.example": write a list, also for one',
        ),
        (
            {"origins": ["shop.example"]},
            'origins of Shop is "shop.example": write a whole URL, such as',
        ),
        ({"email": "yes"}, 'email of Shop is "yes": write omit or placeholder'),
        (
            {"registration": "no"},
            'registration of Shop is "no": write open, ask or closed',
        ),
        ({"client_secret": "hush"}, "client_secret of Shop: it has 24 characters or"),
        ({"client_secret": 5}, "client_secret of Shop: write text"),
        ({"inside": "maybe"}, 'inside of Shop is "maybe": write on or off'),
        ({"name": ""}, 'name of the site at place 1 is "": it is empty'),
        ({"webhook_url": "https://a.example"}, "Shop: webhook_url and webhook_secret"),
    ],
)
def test_a_mistake_in_a_site_names_the_site(tmp_path, change, sentence):
    assert f"SITES: {sentence}" in told(tmp_path, sites=[SITE | change])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"kind": "web"},
            'kind of web is "web": write website, official_account, mini',
        ),
        ({"app_id": "x"}, "app_id of web is no field of an app; did you mean appid?"),
        (
            {"appsecret": "x"},
            "appsecret of web is no field of an app; did you mean sec",
        ),
        (
            {"openplatform": "x"},
            "openplatform of web is no field of an app; did you me",
        ),
        ({"secret": ""}, "secret of web: it is empty"),
    ],
)
def test_a_mistake_in_an_app_names_the_app(tmp_path, change, sentence):
    assert f"APPS: {sentence}" in told(tmp_path, apps=[APP | change])


def test_an_app_without_a_name_is_named_by_its_place(tmp_path):
    nameless = {key: value for key, value in APP.items() if key != "name"}
    assert told(tmp_path, apps=[APP, nameless]) == (
        "APPS: name of the app at place 2 is missing"
    )


def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path):
    """security row 30: AppID and AppSecret are easily exchanged."""
    secret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    swapped = APP | {"appid": secret, "secret": APP["appid"]}
    for given in (
        {"apps": [swapped]},
        {"apps": [APP | {"name": secret}]},
        {"apps": [APP | {"kind": secret}]},
        {"apps": f'[{{"name": "web", "secret": "{secret}"}}]'},
        {"limits": f'{{"name": "web", "secret": "{secret}"}}'},
        {"env": secret},
        {"session_days": secret},
        {"accent": secret},
        {"redis_url": secret},
        {"database_url": f"x://u:{secret}@h/d"},
        {"public_url": f"https://u:{secret}@a.example"},
        {"public_url": f"https://a.example/?key={secret}"},
        {"public_url": f"https://a.example/#key={secret}"},
        {"terms_url": f"ftp://u:{secret}@a.example"},
    ):
        assert secret not in told(tmp_path, **given)


@pytest.mark.parametrize(
    ("value", "text"),
    [("a\x1b[2Jb", '"a\ufffd[2Jb"'), (False, "false"), (None, "nothing"), (1.5, "1.5")],
)
def test_a_value_is_shown_as_a_terminal_can_show_it(value, text):
    assert shown(value) == text


def test_every_mistake_is_one_line(tmp_path):
    text = told(tmp_path, env="prod", accent="red", apps=[{"name": "a\nb"}])
    assert len(text.splitlines()) == 6
    assert json.dumps(text)
