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
        # Needles by their first letters, as many as the shortest has.
        self._by_start: dict[str, dict[str, None]] = {}
        self.leaks: list[str] = []

    def forget(self) -> None:
        """A new test begins."""
        self._kinds, self._by_start, self.leaks = {}, {}, []

    def add(self, kind: str, value: str | None) -> None:
        """From now on this value is a secret."""
        if value and len(value) >= SHORTEST:
            needle = value[:NEEDLE]
            self._kinds[needle] = kind
            self._by_start.setdefault(needle[:SHORTEST], {})[needle] = None

    def kinds(self) -> set[str]:
        """Of which kinds there are secrets."""
        return set(self._kinds.values())

    def search(self, text: str, place: str, *, but: Collection[str] = ()) -> None:
        """Notes a leak for each secret in `text`, except those of the kinds `but`."""
        for needle in self._likely(text):
            if needle in text:
                kind = self._kinds.get(needle)
                if kind and kind not in but:
                    self.note(f"{kind} in {place}")

    def _likely(self, text: str) -> tuple[str, ...]:
        """Few needles are all looked for; of more than `text` has letters those alone
        that begin as one of its parts does. Copies, since another thread may add one
        meanwhile."""
        if len(self._kinds) < len(text):
            return tuple(self._kinds)
        starts = (text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1))
        found = [self._by_start[one] for one in starts if one in self._by_start]
        return tuple(needle for needles in found for needle in tuple(needles))

    def note(self, leak: str) -> None:
        if leak not in self.leaks:
            self.leaks.append(leak)


#: Those of this process.
CANARIES = Canaries()
