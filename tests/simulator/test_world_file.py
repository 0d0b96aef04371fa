"""A world from a TOML file, with errors that name the place."""

from pathlib import Path

import pytest

from wxlogin.simulator import SimulatorError, load_world

GOOD = """
[[apps]]
name = "shop"
appid = "wxbdc5610cc59c1631"
secret = "s"
callback_domains = ["shop.example"]

[[people]]
name = "wang"
nickname = "王芳"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.toml"


def test_apps_and_people(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8")
    world = load_world(path)
    assert [app.name for app in world.registry.apps()] == ["shop"]
    assert world.registry.person("wang").nickname == "王芳"
    world.registry.put_apps({"name": "shop", "secret": "other"})
    world.reset()
    assert world.registry.app("shop").secret == "s"


def test_a_missing_part_is_the_demos(path: Path) -> None:
    path.write_text(GOOD.partition("[[people]]")[0], encoding="utf-8")
    assert load_world(path).registry.person("xiaoming").nickname == "小明😀"
    path.write_text("[[people]]\nname = 'x'\n", encoding="utf-8")
    assert load_world(path).registry.app("web").kind == "website"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[[apps]]\nname = shop\n", "line 2"),
        ("[[apps]]\nname = 'a'\nappid = 'wx1'\n", "apps[0].secret: missing"),
        ("[apps]\nname = 'a'\n", "[[apps]]"),
        ("[[app]]\nname = 'a'\n", "file.app"),
        ("[[people]]\nname = 'A B'\n", "people[0].name"),
        ("[[people]]\nname = 'a'\n[[people]]\nname = 'a'\n", "people[1].name"),
        ("people = [5]\n", "people[0]"),
    ],
)
def test_errors_name_the_place(path: Path, text: str, named: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SimulatorError) as caught:
        load_world(path)
    assert str(path) in str(caught.value)
    assert named in str(caught.value)


def test_a_file_that_is_not_utf8(path: Path) -> None:
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SimulatorError):
        load_world(path)


def test_a_byte_order_mark_does_no_harm(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8-sig")
    assert [app.name for app in load_world(path).registry.apps()] == ["shop"]
