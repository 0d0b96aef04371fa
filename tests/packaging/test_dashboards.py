"""The alert rules and the dashboard in deploy/ speak of metrics that there are."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.support.counted import known
from wxlogin.metrics import INSTRUMENTS
from wxlogin.wechat.errcodes import ERRCODES

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "wxlogin.json"
_NAME = re.compile(r"\bwxlogin_[a-z_]+")
_LABELLED = re.compile(r"\b(wxlogin_[a-z_]+)\{([^}]*)\}")
_BY = re.compile(r"by \(([^)]*)\)")
# What Prometheus adds by itself.
_OF_PROMETHEUS = {"le", "instance", "job"}


def rules() -> list[dict]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict]:
    return json.loads(DASHBOARD.read_text("utf-8"))["panels"]


def expressions() -> list[str]:
    drawn = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in rules()), *drawn]


def labels_of(name: str) -> set[str]:
    for ending in ("", "_bucket", "_sum", "_count"):
        if found := INSTRUMENTS.get(name.removesuffix(ending) if ending else name):
            return {*found.labels} | _OF_PROMETHEUS
    raise AssertionError(name)


@pytest.mark.parametrize("expression", expressions())
def test_every_name_and_label_is_ours(expression: str) -> None:
    names = _NAME.findall(expression)
    assert all(known(name) for name in names)
    assert names or "up{" in expression
    for name, labels in _LABELLED.findall(expression):
        used = re.findall(r"(\w+)(?:=~|!=|=)", labels)
        assert {*used} <= labels_of(name)
    for grouped in _BY.findall(expression):
        used = {label.strip() for label in grouped.split(",")}
        assert all(used <= labels_of(name) for name in names)
    for opened, closed in ("()", "{}", "[]"):
        assert expression.count(opened) == expression.count(closed)


def test_every_metric_is_on_the_dashboard() -> None:
    text = " ".join(expressions())
    for name, one in INSTRUMENTS.items():
        assert name in text, one.about


def test_rules_say_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        summary = rule["annotations"]["summary"]
        by = {name for group in _BY.findall(rule["expr"]) for name in group.split(", ")}
        plain = not by and "sum(" not in rule["expr"]
        for label in re.findall(r"\$labels\.(\w+)", summary):
            assert label in by or plain


def test_errcodes_and_problems_in_rules_exist() -> None:
    for rule in rules():
        for text in re.findall(r'result=~"([\d|]+)"', rule["expr"]):
            assert {int(one) for one in text.split("|")} <= {*ERRCODES}


@pytest.mark.parametrize("page", ["observing.md", "observing.zh-CN.md"])
def test_every_alert_is_explained(page: str) -> None:
    text = (DEPLOY.parent / "docs" / page).read_text("utf-8")
    assert re.findall(r"^\| `(Wxlogin\w+)` \|", text, re.MULTILINE) == [
        rule["alert"] for rule in rules()
    ]


def test_panels_do_not_overlap() -> None:
    places = [tuple(panel["gridPos"][side] for side in "xy") for panel in panels()]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in panels()}) == len(panels())
