"""The table in docs/errors.md, made from the data.

python -m tests.unit.wechat.errcode_docs      write it anew
"""

from pathlib import Path

from tests.support.words import in_chinese
from wxlogin.wechat.errcodes import ERRCODES, UNKNOWN, Errcode, Sentence

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
BEGIN = "<!-- errcodes: made by python -m tests.unit.wechat.errcode_docs -->"
END = "<!-- end of errcodes -->"
HEAD = (
    "| errcode | errmsg | meaning | who acts | same call again? | the person reads "
    "| the operator reads |\n|---|---|---|---|---|---|---|"
)
WORDS_HEAD = "| | in Chinese | in English |\n|---|---|---|"
NAMES = {one: one.name.lower().replace("_", " ") for one in Sentence}


def table() -> str:
    """The errcodes and then the sentences for the person, as Markdown."""
    rows = [line(row, str(row.code)) for row in ERRCODES.values()]
    rows.append(line(UNKNOWN, "any other"))
    said = [f"| *{name}* | {in_chinese(one)} | {one} |" for one, name in NAMES.items()]
    return "\n".join(["", HEAD, *rows, "", WORDS_HEAD, *said, ""])


def line(row: Errcode, number: str) -> str:
    mark = " ★" if row.seen else ""
    text = f"`{row.text.strip()}`{mark}" if row.text else "–"
    cells = [
        number,
        text,
        row.meaning,
        str(row.actor),
        str(row.retry),
        f"*{NAMES[row.visitor]}*",
        row.operator,
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def written() -> str:
    """The table as it stands in the page."""
    return PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
