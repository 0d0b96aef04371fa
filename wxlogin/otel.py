"""OpenTelemetry: its own instrumentations, and what of their spans may leave.

An instrumentation writes down whatever it finds: addresses with codes and states in
them, texts of exceptions. Of every span only the attributes that are named here are
sent, so that a later version that writes more sends no more (security row 30).

The provider is ours alone: another one of the process, or none, is left as it is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version

from flask import Flask
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    ConsoleSpanExporter,
    SpanExporter,
)
from opentelemetry.trace import SpanKind, Status, get_current_span
from opentelemetry.trace import Tracer as OtelTracer
from sqlalchemy import Engine

from wxlogin.tracing import Span, Tracer, use

# Asked all the time, and nothing happens there.
_UNTRACED = "/healthz$,/readyz$,/metrics$,/static/"
_SENT = frozenset(
    {
        *("http.method", "http.request.method", "http.route"),
        *("http.status_code", "http.response.status_code", "error.type"),
        *("db.system", "db.system.name", "db.name", "db.namespace"),
        *("db.operation", "db.operation.name", "db.statement", "db.query.text"),
        *("wechat.app", "wechat.call", "wechat.result"),
    }
)
_STATEMENTS = frozenset({"db.statement", "db.query.text"})
_REDIS = "redis"


class _Discreet(BatchSpanProcessor):
    def on_end(self, span: ReadableSpan) -> None:
        super().on_end(told(span))


def told(span: ReadableSpan) -> ReadableSpan:
    """What is sent of this span."""
    found = dict(span.attributes or {})
    sent = _SENT
    if _REDIS in (found.get("db.system"), found.get("db.system.name")):
        sent = _SENT - _STATEMENTS
    name = span.name
    if span.kind is SpanKind.SERVER and "http.route" not in found:
        # The instrumentation names it by the path that somebody asked for.
        name = str(found.get("http.method") or found.get("http.request.method", "HTTP"))
    return ReadableSpan(
        name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={key: value for key, value in found.items() if key in sent},
        events=[
            Event(event.name, _kind_of(event), event.timestamp) for event in span.events
        ],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kind_of(event: Event) -> dict[str, str]:
    kind = (event.attributes or {}).get("exception.type")
    return {"exception.type": str(kind)} if kind else {}


class _Ours(Tracer):
    def __init__(self, tracer: OtelTracer) -> None:
        self._tracer = tracer

    @contextmanager
    def span(self, name: str) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, record_exception=False
        ) as span:
            # Whatever instrumentation of HTTP clients the process may have writes down
            # nothing here: an address at WeChat holds the AppSecret.
            with suppress_http_instrumentation():
                yield span

    def trace_id(self) -> str:
        found = get_current_span().get_span_context()
        return f"{found.trace_id:032x}" if found.is_valid else ""


def start(app: Flask, engine: Engine, *, redis: bool) -> None:
    """Traces the requests of this application, its statements, what it asks Redis, and
    what has a span of its own (`wxlogin.tracing`)."""
    provider = TracerProvider(resource=_resource())
    provider.add_span_processor(_Discreet(_exporter()))
    own = "OTEL_PYTHON_FLASK_EXCLUDED_URLS" in os.environ
    FlaskInstrumentor.instrument_app(  # type: ignore[no-untyped-call]
        app,
        tracer_provider=provider,
        meter_provider=NoOpMeterProvider(),
        enable_commenter=False,
        excluded_urls=None if own else _UNTRACED,
    )
    # It says that it is for SQLAlchemy 2.0; our tests hold it to the one that we use.
    SQLAlchemyInstrumentor().instrument(
        engine=engine,
        tracer_provider=provider,
        meter_provider=NoOpMeterProvider(),
        skip_dep_check=True,
    )
    if redis:
        RedisInstrumentor().instrument(tracer_provider=provider)
    use(_Ours(provider.get_tracer("wxlogin")))


def stop() -> None:
    """Takes the instrumentations back that are the process' own; for tests."""
    use(None)
    for kind in (SQLAlchemyInstrumentor, RedisInstrumentor):
        if kind().is_instrumented_by_opentelemetry:
            with suppress(AttributeError):
                kind().uninstrument()


def _exporter() -> SpanExporter:
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "console":
        return ConsoleSpanExporter()
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter()


def _resource() -> Resource:
    own = {SERVICE_VERSION: version("wxlogin")}
    named = "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if not (named or os.environ.get("OTEL_SERVICE_NAME")):
        own[SERVICE_NAME] = "wxlogin"
    return Resource.create(own)
