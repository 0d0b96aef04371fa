"""What a mini program's code opens, and the codes that were made lately.

A code lives for ever, and nobody tells WeChat where it is shown. The phone's camera
lists the newest, of half an hour, as a person at a desk has no other camera.
"""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from .part import Part
from .parties import App

# What JavaScript's encodeURIComponent leaves as it is.
_PLAIN = "-_.!~*'()"
# Seconds that a code is listed, and how many are.
_LISTED, _MOST = 1800, 6

#: The phone's screen of a program; a path of the simulator's own.
PROGRAM_SCREEN = "/phone/mp"

#: Launch scenes of a scanned code, of a plain scheme in a phone's browser, and of a
#: program that took another's people in (developers.weixin.qq.com/miniprogram/dev/
#: reference/scene-list.html).
SCANNED, BY_SCHEME, MOVED = 1047, 1286, 1248


@dataclass(frozen=True)
class Launch:
    """A program opened at one of its pages, with the scene of a code or without.

    `number` is the launch scene, which has nothing to do with the other. `before` is
    what was opened, where that program moved to this one.
    """

    app: App
    page: str
    scene: str = ""
    env: str = "release"
    number: int = SCANNED
    before: "Launch | None" = None

    def moved_to(self, app: App) -> "Launch":
        """The program in its place, at its home page."""
        home = app.pages[0] if app.pages else ""
        return Launch(app, home, number=MOVED, before=self)

    @property
    def query(self) -> str:
        """What Page.onLoad gets: the scene is encoded, and the program decodes it.

        After a move it holds what was opened, path and query encoded likewise.
        """
        if self.before:
            told = self.before.inherited()
            return "&".join(f"{name}={value}" for name, value in told.items())
        return f"scene={quote(self.scene, safe=_PLAIN)}" if self.scene else ""

    def inherited(self) -> dict[str, str]:
        """What the program in the place of this one is told of it."""
        told = {"migrateSourceAppId": self.app.appid}
        if self.page:
            told["migrateSourcePath"] = quote(self.page, safe=_PLAIN)
            told["migrateSourceQuery"] = quote(self.query, safe=_PLAIN)
        told["migrateSourceScene"] = str(self.number)
        return told | {"migrateSourceAppIdIsStared": "0"}

    @property
    def is_there(self) -> bool:
        """Whether the released version has the page; another version's are unknown."""
        return self.env != "release" or self.page in self.app.pages

    @property
    def plays(self) -> bool:
        """Whether the phone itself plays the program: it has a server, and a code."""
        return bool(self.app.request_domain and self.scene)

    def values(self) -> dict[str, str]:
        """The same as a link has it."""
        if self.before:
            return self.before.values()
        named = {"appid": self.app.appid, "page": self.page}
        more = {"launch": str(self.number)} if self.number != SCANNED else {}
        return named | {"scene": self.scene, "env": self.env} | more

    def link(self, origin: str) -> str:
        """The content of the code."""
        return f"{origin}{PROGRAM_SCREEN}?{urlencode(self.values())}"


class Launches(Part):
    """The codes made lately."""

    #: Grows with every new code; a page asks whether it changed.
    version = 0

    def reset(self) -> None:
        with self._changed:
            self._made: dict[Launch, float] = {}
            self.version += 1
            self._changed.notify_all()

    def add(self, launch: Launch) -> None:
        """A picture of this code was made."""
        with self._changed:
            self._made.pop(launch, None)
            self._made[launch] = self._now()
            for old in list(self._made)[:-_MOST]:
                del self._made[old]
            self.version += 1
            self._changed.notify_all()

    def recent(self) -> list[Launch]:
        """The newest first."""
        with self._changed:
            oldest = self._now() - _LISTED
            return [each for each, at in self._made.items() if at > oldest][::-1]
