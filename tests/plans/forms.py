"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """Where a form goes, and what it sends when its first button is pressed."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    has_button: bool = False


def forms_of(html: str) -> list[Form]:
    """Every form of the page, in its order."""
    reader = _Forms()
    reader.feed(html)
    return reader.forms


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attributes: list) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._open = Form(values.get("action", ""))
            self.forms.append(self._open)
        if self._open is None or "name" not in values:
            return
        if tag == "input" and values.get("type") == "hidden":
            self._open.fields[values["name"]] = values.get("value", "")
        if tag == "button" and not self._open.has_button:
            self._open.has_button = True
            self._open.fields[values["name"]] = values.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
