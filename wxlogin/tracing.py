"""Spans of a trace, for whoever traces; without one they are nothing.

The extra `wxlogin[otel]` traces by OpenTelemetry where its OTEL_* variables ask for it
(otel.py, docs/observing.md). Without them nothing of it is imported.
"""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)


class Span(Protocol):
    """What is going on, for a trace."""

    def set_attribute(self, key: str, value: str) -> None: ...


class Tracer(Protocol):
    """Who traces."""

    def span(self, name: str) -> AbstractContextManager[Span]: ...

    def trace_id(self) -> str: ...


class _Nothing:
    def set_attribute(self, key: str, value: str) -> None:
        """Nobody is told."""


_NOTHING = _Nothing()
_tracer: Tracer | None = None


def is_wanted() -> bool:
    """Does the environment ask for traces?"""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if exporter := os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower():
        return exporter != "none"
    return any(os.environ.get(name) for name in _ENDPOINTS)


def use(tracer: Tracer | None) -> None:
    """Who traces from now on; None for nobody."""
    global _tracer
    _tracer = tracer


def span(name: str) -> AbstractContextManager[Span]:
    """Around what is worth a span of its own. No value of it may hold a secret."""
    return nullcontext(_NOTHING) if _tracer is None else _tracer.span(name)


def trace_id() -> str:
    """Of the trace that we are in; empty outside of one."""
    return "" if _tracer is None else _tracer.trace_id()
