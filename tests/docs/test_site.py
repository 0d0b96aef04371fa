"""The documentation as a site: `make docs`."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "docs" / "mkdocs"
_ID = re.compile(r'\bid="([^"]+)"')
# Parts of a page, outside of its code: points of lists, the second line of a table.
_FENCED = re.compile(r"^( *)```.*?^\1```", re.S | re.M)
_POINT = re.compile(r"^ *(?:[-*]|\d+\.) ", re.M)
_TABLE = re.compile(r"^ *\|-[-|]+\|$", re.M)
_LINK = re.compile(r'<a\b[^>]*?\bhref="([^"]+)"')
_LOADED = re.compile(r'<(?:script|img|link)\b[^>]*?\b(?:src|href)="([^"]+)"')


def build(language: str, folder: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q"]
    done = subprocess.run(
        [*command, "-f", str(SETTINGS / f"{language}.yml"), "-d", str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_both_languages_are_built_and_lead_to_each_other(tmp_path):
    build("zh", tmp_path)
    build("en", tmp_path / "en")
    pages = {page: page.read_text("utf-8") for page in tmp_path.rglob("*.html")}
    named = {page: {*_ID.findall(text)} for page, text in pages.items()}
    assert broken(pages, named) == []
    assert from_elsewhere(pages) == []
    for page, source in sources(tmp_path):
        article = pages[page].partition("<article")[2].partition("</article>")[0]
        assert article.count("<li") == len(_POINT.findall(source)), page.name
        assert article.count("<table") == len(_TABLE.findall(source)), page.name
    for page in tmp_path.glob("*.html"):
        if page.name == "404.html":
            continue
        assert f'href="en/{page.name}"' in pages[page], page.name
        english = pages[tmp_path / "en" / page.name]
        assert f'href="../{page.name}"' in english, page.name
        assert '<html lang="zh"' in pages[page] and '<html lang="en"' in english
    for folder, word in ((tmp_path, "小程序"), (tmp_path / "en", "mini")):
        index = json.loads((folder / "search/search_index.json").read_text("utf-8"))
        # Words are told apart: Chinese has no spaces between them.
        words = re.split(index["config"]["separator"], index["docs"][0]["text"])
        assert word in " ".join(one["text"] for one in index["docs"]), word
        assert max(map(len, words)) < 300


def sources(site: Path) -> Iterator[tuple[Path, str]]:
    """Each built page with what it was made of, but for its code."""
    for source in (*ROOT.glob("README*.md"), *ROOT.glob("docs/*.md")):
        chinese = ".zh-CN" in source.name
        name = source.name.replace(".zh-CN", "").replace("README", "index")
        page = (site if chinese else site / "en") / name.replace(".md", ".html")
        yield page, _FENCED.sub("", source.read_text("utf-8"))


def broken(pages: dict[Path, str], named: dict[Path, set[str]]) -> list[str]:
    """Links within the site that lead nowhere."""
    found = []
    for page, text in pages.items():
        for link in _LINK.findall(text) if page.name != "404.html" else ():
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            target = page if not parts.path else target
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(parts.fragment)
            known = named.get(target, set())
            if not target.exists() or (anchor and anchor not in known):
                found.append(f"{page.name}: {link}")
    return found


def from_elsewhere(pages: dict[Path, str]) -> list[str]:
    """What a page would load from another host, as some people cannot."""
    return [
        link
        for text in pages.values()
        for link in _LOADED.findall(text)
        if urlsplit(link).netloc
    ]


def listed(language: str) -> list[str]:
    """The pages of a language's menu."""

    class Loader(yaml.SafeLoader):
        """Takes what mkdocs makes functions of for what it is: a word."""

    Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)
    text = (SETTINGS / f"{language}.yml").read_text("utf-8")
    menu = yaml.load(text, Loader)["nav"]  # noqa: S506
    entries = [entry for part in menu for entry in part.values()]
    inside = [next(iter(one.values())) for part in entries[1:] for one in part]
    return [entries[0], *inside]


def test_both_menus_have_every_page():
    english, chinese = listed("en"), listed("zh")
    assert [name.replace(".zh-CN", "") for name in chinese] == english
    pages = {page.name for page in (ROOT / "docs").glob("*.md")}
    assert {name for name in pages if ".zh-CN" not in name} <= {*english}
    assert {name for name in pages if ".zh-CN" in name} <= {*chinese}
