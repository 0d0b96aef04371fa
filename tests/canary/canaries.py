"""Which secrets there are right now, and the search for them."""

from collections.abc import Collection

# Shorter values stand in texts by chance.
SHORTEST = 12
# So much of a longer value is searched for: a log may have cut the rest.
NEEDLE = 24


class Canaries:
    """The secrets of the running test, and where they were found."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self.leaks: list[str] = []

    def forget(self) -> None:
        """A new test begins."""
        self._kinds, self.leaks = {}, []

    def add(self, kind: str, value: str | None) -> None:
        """From now on this value is a secret."""
        if value and len(value) >= SHORTEST:
            self._kinds[value[:NEEDLE]] = kind

    def kinds(self) -> set[str]:
        """Of which kinds there are secrets."""
        return set(self._kinds.values())

    def search(self, text: str, place: str, *, but: Collection[str] = ()) -> None:
        """Notes a leak for each secret in `text`, except those of the kinds `but`."""
        # A copy, since another thread may add one meanwhile.
        for needle, kind in tuple(self._kinds.items()):
            if kind not in but and needle in text:
                self.note(f"{kind} in {place}")

    def note(self, leak: str) -> None:
        if leak not in self.leaks:
            self.leaks.append(leak)


#: Those of this process.
CANARIES = Canaries()
