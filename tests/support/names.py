"""What becomes of a nickname on its way from WeChat to our pages."""

import unicodedata

from wxlogin.accounts.person import NICKNAME_LENGTH

# What a name comes back as, where that is not the name itself.
CHANGED = {
    # One letter with its accents is longer than the column and is cut there.
    "e" + "\u0301" * 5000: "e" + "\u0301" * (NICKNAME_LENGTH - 1),
    "好" * 10_000: "好" * NICKNAME_LENGTH,
    "a\ud83d": "a\ufffd",
    # WeChat's way of showing no name: there is none.
    " ": "",
}


def expected(name: str) -> str:
    """The name as we show it."""
    shown = CHANGED.get(name, name)
    return "".join(char for char in shown if unicodedata.category(char) != "Cc")


#: Ways of writing that there is nothing, as databases, spreadsheets, programs and
#: people write it (security row 44).
NOTHING = (
    "",
    " ",
    "\u3000",
    "\u00a0",
    "\ufeff",
    "\u200b",
    "\\N",
    "NULL",
    "null",
    " NULL ",
    "(null)",
    "[NULL]",
    "<null>",
    "None",
    "nil",
    "undefined",
    "NaN",
    "N/A",
    "n/a",
    "#N/A",
    "n.a.",
    "NA",
    "-",
    "--",
    "—",
    "－",
    "0",
    "00000000000000000000000000000",
    "0.0",
    "[]",
    "{}",
    '""',
    "false",
    "DBNull",
    "ＮＵＬＬ",
    "无",
    "（无）",
    "空",
    "暂无",
    "没有",
    "未绑定",
    "unknown",
    "?",
    "...",
)
