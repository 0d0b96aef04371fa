"""The catalogues in traditional characters, made of those in simplified ones.

`make translations` runs this: `python -m tests.support.traditional FOLDER` writes the
catalogue `zh_Hant` in a folder of catalogues, whole, so nobody edits it. Characters and
phrases are OpenCC's (`s2twp`); what it gets wrong for a product's page stands in
`CORRECTIONS`.
"""

import sys
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.pofile import read_po, write_po
from opencc import OpenCC

#: What OpenCC says, and what a page says; one after the other.
CORRECTIONS = (
    # Words that its phrases take for others.
    ("微訊號", "微信號"),
    ("永久登出", "永久註銷"),
    ("登出賬號", "刪除帳號"),
    ("賬號沒有登出", "帳號沒有刪除"),
    ("賬號已登出", "帳號已刪除"),
    ("賬號剛剛被登出", "帳號剛剛被刪除"),
    ("未透過", "未通過"),
    ("併傳送", "並傳送"),
    ("合並", "合併"),
    ("換髮", "換發"),
    ("回復", "回覆"),
    # Words of products in Taiwan and Hong Kong.
    ("賬號", "帳號"),
    ("退出登入", "登出"),
    ("退出", "登出"),
    ("解綁", "解除綁定"),
    ("繫結", "綁定"),
    ("當前", "目前"),
    ("隱私政策", "隱私權政策"),
    ("配置", "設定"),
    ("響應", "回應"),
    ("引數", "參數"),
    ("許可權", "權限"),
    ("回撥", "回呼"),
    ("客戶端", "用戶端"),
    ("服務端", "伺服器端"),
    ("移動應用", "行動應用"),
    ("自定義", "自訂"),
    ("站點", "網站"),
    ("開放平臺", "開放平台"),
    ("這臺", "這台"),
    ("“", "「"),
    ("”", "」"),
)
_TAG = "zh_Hant"


@cache
def _converter() -> OpenCC:
    return OpenCC("s2twp")


def traditional(text: str) -> str:
    """The text as a page in traditional characters says it."""
    found: str = _converter().convert(text)
    for wrong, right in CORRECTIONS:
        found = found.replace(wrong, right)
    return found


def write(folder: Path) -> None:
    """Makes the catalogue of a folder that has one in simplified characters."""
    source = folder / "zh" / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as file:
        catalog = read_po(file, locale="zh")
    for message in catalog:
        if message.id and message.string:
            message.string = traditional(str(message.string))
    written = BytesIO()
    write_po(written, catalog, width=76, sort_output=True)
    text = written.getvalue().decode("utf-8")
    text = text.replace('"Language: zh\\n"', f'"Language: {_TAG}\\n"', 1)
    place = folder / _TAG / "LC_MESSAGES" / "messages.po"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write(Path(name))
