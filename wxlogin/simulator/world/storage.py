"""What a mini program keeps on a phone: wx.setStorage, for a program and a person."""

from .part import Part
from .parties import App, Person


class Storage(Part):
    """Texts by name. A program sees its own, of this phone's person."""

    def reset(self) -> None:
        with self._changed:
            self._kept: dict[tuple[str, str, str], str] = {}

    def put(self, app: App, person: Person, name: str, value: str) -> None:
        with self._changed:
            self._kept[app.appid, person.name, name] = value

    def get(self, app: App, person: Person, name: str) -> str:
        """The text, empty where there is none."""
        with self._changed:
            return self._kept.get((app.appid, person.name, name), "")
