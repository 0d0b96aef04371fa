"""The catalogues in traditional characters hold what those in simplified ones hold."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.support.traditional import traditional
from wxlogin.config.paths import package_dir

FOLDERS = [package_dir() / "translations", package_dir() / "simulator" / "translations"]


def catalogue(folder: Path, language: str) -> Catalog:
    with (folder / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(folder: Path, language: str) -> dict[str, str]:
    found = catalogue(folder, language)
    return {one.id: one.string for one in found if one.id and one.string}


def only_simplified() -> set[str]:
    """Characters that traditional Chinese does not have, by OpenCC's own table."""
    spec = find_spec("opencc")
    assert spec is not None
    assert spec.origin is not None
    table = Path(spec.origin).parent / "dictionary" / "STCharacters.txt"
    rows = (line.split("\t") for line in table.read_text("utf-8").splitlines())
    return {one for one, others in rows if one not in others.split()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_each_text_is_what_make_translations_says(folder):
    """Whoever changes a Chinese text runs `make translations`."""
    made = {text: traditional(said) for text, said in texts(folder, "zh").items()}
    assert texts(folder, "zh_Hant") == made


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_no_character_is_a_simplified_one(folder):
    simplified = only_simplified()
    assert len(simplified) > 2000
    wrong = {
        text: found
        for text in texts(folder, "zh_Hant").values()
        if (found := simplified & set(text))
    }
    assert wrong == {}


def test_a_word_of_a_page_is_a_word_of_taiwan_and_hong_kong():
    assert traditional("退出登录后，账号已解绑") == "登出後，帳號已解除綁定"
    assert traditional("注销账号") == "刪除帳號"
    assert traditional("有一个微信号已永久注销") == "有一個微信號已永久註銷"
    assert traditional("请回复“%(name)s”") == "請回覆「%(name)s」"
