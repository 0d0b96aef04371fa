"""Traces: from the request over WeChat to the statement, and no secret on the way."""

import io
import json
import logging
import os
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

import wxlogin
from tests.canary.canaries import CANARIES
from tests.support.journey import Browser
from tests.web.mini_program import MiniProgram
from tests.web.scanning import Page, Scanner
from wxlogin import otel, tracing

ODD = "marker-of-a-visitor-x7"


class Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


class AtOnce(otel._Discreet):
    """Sends each span as it ends, so that a test need not wait."""

    def on_end(self, span: ReadableSpan) -> None:
        super().on_end(span)
        self.force_flush()


@pytest.fixture(params=["", "http", "http/dup"])
def traced(app_for, monkeypatch, request):
    """A service that is traced, by each spelling of attributes that there is."""
    kept = Kept()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", request.param)
    monkeypatch.setattr(otel, "_exporter", lambda: kept)
    monkeypatch.setattr(otel, "_Discreet", AtOnce)
    yield app_for(), kept.spans
    otel.stop()


def signs_in(app, phone) -> Browser:
    browser = Browser(app)
    browser.headers |= {"User-Agent": ODD, "Referer": f"https://{ODD}.test/"}
    started = browser.starts(next_url=f"/{ODD}")
    browser.returns(started, phone.confirms(started))
    return browser


def test_a_sign_in_is_one_trace(traced, xiaoming):
    app, spans = traced
    browser = signs_in(app, xiaoming)
    [callback] = [s for s in spans if s.name == "GET /login/callback/<name>"]
    ours = {s.name: s for s in spans if s.context.trace_id == callback.context.trace_id}
    exchange = ours["WeChat exchange"]
    assert exchange.parent.span_id == callback.context.span_id
    assert dict(exchange.attributes) == {
        "wechat.call": "exchange",
        "wechat.app": "web",
        "wechat.result": "ok",
    }
    assert ours["WeChat userinfo"]
    statements = [
        (s.attributes.get("db.statement") or s.attributes.get("db.query.text"))
        for s in ours.values()
    ]
    assert any(text and "INSERT INTO" in text for text in statements)
    assert browser.get("/healthz").status_code == 200
    assert not any("healthz" in s.name for s in spans)


def test_no_secret_and_no_visitor_is_in_a_span(traced, simulator, xiaoming):
    """security row 30"""
    app, spans = traced
    browser = signs_in(app, xiaoming)
    page = Page(browser)
    page.opens()
    program = MiniProgram(app, simulator)
    program.logs_in()
    Scanner(program, page).signs_the_browser_in()
    page.looks("state")
    browser.get(f"/{ODD}?code={ODD}")
    browser.get(f"/login/callback/{ODD}?code={ODD}&state={ODD}")
    simulator.world.switch(body="html")
    browser.returns(browser.starts(), ODD)
    text = "\n".join(span.to_json() for span in spans)
    assert len(spans) > 20
    assert ODD not in text
    assert page.ticket not in text
    assert "127.0.0.1" not in text
    CANARIES.search(text, "spans")


def test_a_fault_is_its_kind_alone(traced, simulator):
    app, spans = traced
    simulator.world.switch(body="html")
    browser = Browser(app)
    browser.returns(browser.starts(), ODD)
    [asked] = [s for s in spans if s.name == "WeChat exchange"]
    assert asked.attributes["wechat.result"] == "garbage"
    assert not asked.status.is_ok
    assert asked.status.description is None
    assert ODD not in asked.to_json()


def test_the_log_names_the_trace(traced, xiaoming):
    app, spans = traced
    # The service's own; others listen beside it.
    handler = logging.getLogger("wxlogin").handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)
    signs_in(app, xiaoming)
    handler.setStream(before)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    [line] = [line for line in lines if line["event"] == "signed in"]
    assert line["trace_id"] in {f"{s.context.trace_id:032x}" for s in spans}


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "login"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true"}, False),
        (
            {
                "OTEL_TRACES_EXPORTER": "none",
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            },
            False,
        ),
    ],
)
def test_the_environment_decides(monkeypatch, variables, wanted):
    for name in os.environ:
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert tracing.is_wanted() is wanted


def test_without_the_extra_it_is_said_and_nothing_fails(app_for, monkeypatch, capfd):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    monkeypatch.delattr(wxlogin, "otel")
    monkeypatch.setitem(sys.modules, "wxlogin.otel", None)
    app = app_for()
    assert Browser(app).get("/login").status_code == 200
    assert "pip install 'wxlogin[otel]'" in capfd.readouterr().err


def test_without_the_variables_nothing_of_it_is_imported():
    program = (
        "import sys; from wxlogin import create_app; from wxlogin.config import "
        "load_settings; from pathlib import Path; import tempfile\n"
        "create_app(load_settings(Path(tempfile.mkdtemp())))\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=kept,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
