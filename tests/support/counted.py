"""What an application has counted, as Prometheus reads it."""

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from wxlogin.metrics import INSTRUMENTS

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(app: Flask, **more: object) -> str:
    """The text of `/metrics`, read on this machine."""
    answer = app.test_client().get(
        "/metrics", headers={"Host": "127.0.0.1:5000"}, **more
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def samples(text: str) -> Samples:
    """Every sample of ours in the text, by its name and labels."""
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
        if not one.name.endswith("_created")
    }


class Counted:
    """What was counted since this was made; processes count on from test to test."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._before = samples(read(app))

    def since(self, name: str, **labels: str) -> float:
        """By how much the sample with these labels, and any others, has grown."""
        wanted = labels.items()
        return sum(
            value - self._before.get((found, its), 0.0)
            for (found, its), value in samples(read(self._app)).items()
            if found == name and wanted <= set(its)
        )


def known(name: str) -> bool:
    """Is this the name of a sample that we have?"""
    for ending in ("_bucket", "_sum", "_count"):
        if name.endswith(ending):
            found = INSTRUMENTS.get(name.removesuffix(ending))
            return found is not None and found.kind == "histogram"
    found = INSTRUMENTS.get(name)
    return found is not None and found.kind != "histogram"
