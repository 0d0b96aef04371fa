"""What a check of the doctor's says: one line."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check ended."""

    ok = "ok"
    #: Not checked, or not to be checked from here; says why.
    note = "note"
    #: Works, but perhaps not as it is meant.
    warning = "warning"
    #: Somebody cannot sign in, or a secret is in danger.
    wrong = "wrong"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, what to do about it, and the
    page of Tencent's console to open, as a path through its menus."""

    level: Level
    check: str
    text: str
    todo: str = ""
    console: str = ""

    def line(self) -> str:
        """The finding for a terminal."""
        console = f"Open {self.console}." if self.console else ""
        said = " ".join(part for part in (self.text, self.todo, console) if part)
        return f"{self.level:<8} {self.check}: {said}"

    def as_json(self) -> dict[str, str]:
        """All fields by their names, as texts; empty where there is nothing."""
        return {name: str(value) for name, value in asdict(self).items()}


def ok(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.ok, check, text, **more)


def note(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.note, check, text, **more)


def warning(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.warning, check, text, **more)


def wrong(check: str, text: str, **more: str) -> Finding:
    return Finding(Level.wrong, check, text, **more)
