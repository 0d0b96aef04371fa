"""Makes of docs/, as a code host shows it, a site in two languages: `make docs`.

docs/ holds each page twice, `X.md` in English and `X.zh-CN.md` in Chinese. The site is
built once for each language, Chinese at its root and English below `en/`: so each has a
search of its own, which finds a thing once. The README is the first page. Links between
the languages, and to files that are no pages, get the address they have from the site.
"""

import logging
import posixpath
import re
from pathlib import Path

import jieba
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
REPOSITORY = "https://github.com/wxlogin/wxlogin"
_FENCED = re.compile(r"^ *```.*?^ *```$", re.M | re.S)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
# Between two lines of Chinese a browser would show a space.
_WIDE = "[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
_BREAK = re.compile(
    rf"(?<={_WIDE})\n *(?={_WIDE})|(?<=[，。、；：？！）」”])\n *(?=[`\[]|\*\*)"
)
_POINT = re.compile(r"(?:[-*]|\d+\.) ")
_IMAGE = re.compile(r"(!\[[^\]]*\]\()docs/")


def is_chinese(config: MkDocsConfig) -> bool:
    return bool(config.theme["language"] == "zh")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Teaches the search WeChat's words; leaves unwritten pages out of the menu."""
    jieba.setLogLevel(logging.WARNING)
    for word in (DOCS / "mkdocs/words.txt").read_text("utf-8").split():
        jieba.add_word(word)
    config.nav = [written(entry) for entry in config.nav]
    return config


def written(entry: dict) -> dict:
    [(title, inside)] = entry.items()
    if isinstance(inside, str):
        return entry
    return {
        title: [one for one in inside if (DOCS / next(iter(one.values()))).exists()]
    }


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """This language's pages, each under its English name."""
    ending = ".zh-CN" if is_chinese(config) else ""
    first = File.generated(
        config, f"index{ending}.md", abs_src_path=str(ROOT / f"README{ending}.md")
    )
    icon = File.generated(
        config, "images/icon.svg", abs_src_path=str(ROOT / "static/icon.svg")
    )
    for file in (first, icon):
        files.append(file)
    for file in list(files.documentation_pages()):
        if file.src_uri.endswith(".zh-CN.md") != bool(ending):
            files.remove(file)
        else:
            file.name = file.name.removesuffix(ending)
            file.dest_uri = address(file.src_uri)
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, **_: object
) -> str:
    folder = Path(page.file.abs_src_path).parent

    def outside(text: str) -> str:
        text = _LINK.sub(lambda link: led(link, folder, is_chinese(config)), text)
        return _BREAK.sub("", _IMAGE.sub(r"\1", text))

    return indented(apart_from_code(outside, markdown))


def on_page_context(
    context: dict, page: Page, config: MkDocsConfig, **_: object
) -> dict:
    """The menu of languages leads to the same page."""
    root = "" if is_chinese(config) else "../"
    name = page.file.name
    config.extra["alternate"] = [
        {"name": title, "link": f"{root}{below}{page.file.dest_uri}", "lang": language}
        for language, ending, below, title in (
            ("zh-CN", ".zh-CN.md", "", "中文"),
            ("en", ".md", "en/", "English"),
        )
        if name == "index" or (DOCS / f"{name}{ending}").exists()
    ]
    return context


def address(name: str) -> str:
    """Where a page stands below its language's root."""
    return name.removesuffix(".md").removesuffix(".zh-CN") + ".html"


def led(link: re.Match[str], folder: Path, chinese: bool) -> str:
    """A link of a page in `folder`, as the site needs it."""
    text, path, anchor = link[1], link[2], link[3] or ""
    target = (folder / path).resolve()
    if "//" in path or path.startswith("mailto:") or not target.exists():
        return link[0]  # not ours, or nothing: mkdocs says so
    name = re.sub("^README", "index", target.name)
    if target.suffix != ".md" or target.parent not in (DOCS, folder):
        kind = "tree" if target.is_dir() else "blob"
        url = f"{REPOSITORY}/{kind}/main/{target.relative_to(ROOT).as_posix()}"
    elif target.parent == ROOT and name == target.name:
        url = f"{REPOSITORY}/blob/main/{name}"
    elif name.endswith(".zh-CN.md") == chinese:
        return f"[{text}]({name}{anchor})"
    else:
        # mkdocs sees one language at a time: a tag it does not look into.
        url = posixpath.join("en" if chinese else "..", address(name)) + anchor
        lang = "en" if chinese else "zh-CN"
        return f'<a href="{url}" hreflang="{lang}">{text}</a>'
    return f"[{text}]({url}{anchor})"


def apart_from_code(change, text: str) -> str:
    """`change` made to everything but the blocks of code."""
    parts, end = [], 0
    for block in _FENCED.finditer(text):
        parts += [change(text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, change(text[end:])])


def indented(text: str) -> str:
    """What belongs to a point of a list, by four spaces, and the next point apart from
    a paragraph of it: code hosts need neither."""
    lines, fence, paragraph = [], None, False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(" "))
        if fence is None and line.lstrip().startswith("```"):
            fence = depth
        elif fence is not None and line == " " * fence + "```":
            depth, fence = fence, None
        elif fence is not None:
            depth = fence
        elif line and depth == 0:
            if paragraph and lines[-1] and _POINT.match(line):
                lines.append("")
            paragraph = False
        paragraph |= depth > 1 and lines[-1:] == [""]
        lines.append(" " * (4 - depth) + line if line and 1 < depth < 4 else line)
    return "\n".join(lines)
