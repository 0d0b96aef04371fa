"""gunicorn from inside: the same settings in every worker, no access log."""

import logging
import os
import shutil
import sys
import tempfile
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from wxlogin import metrics
from wxlogin.cli.upkeep import start_delivery, stop_delivery
from wxlogin.config import Settings, load_settings
from wxlogin.errors import ConfigurationError, WxloginError
from wxlogin.factory import build
from wxlogin.observability import log_formatter
from wxlogin.server.connection import allowed_connections

#: Threads that slow clients cannot hold, or a greenlet for each client.
WORKERS = {
    "threads": "wxlogin.server.worker.Worker",
    "gevent": "wxlogin.server.green.GreenWorker",
}
# Clients of one worker of greenlets, half of whom may wait for a phone.
_GREENLETS = 20_000
# Seconds a worker may be silent; one login waits at most WECHAT_BUDGET.
_TIMEOUT = 60


def _log_of(settings: Settings) -> type[Logger]:
    class ServerLog(Logger):
        """gunicorn's own messages, in our form and without secrets, like ours."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            for handler in self.error_log.handlers:
                handler.setFormatter(log_formatter(settings))

    return ServerLog


class _Server(BaseApplication):
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings = settings
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        try:
            return build(self._settings, threads=self._at_a_time())
        except WxloginError as error:
            # A sentence and no trace; this status tells gunicorn not to try again.
            logging.getLogger("gunicorn.error").critical(error.operator)
            sys.exit(Arbiter.APP_LOAD_ERROR)

    def _at_a_time(self) -> int:
        """How many requests one worker serves at a time."""
        if self._options["worker_class"] == WORKERS["gevent"]:
            return allowed_connections(self._options["worker_connections"])
        return int(self._options["threads"])


def _begin(worker: Any) -> None:
    start_delivery(worker.app.wsgi())
    metrics.WORKERS.at().set(1)


def _stop_delivery(_server: Any, worker: Any) -> None:
    if worker.app.callable is not None:
        stop_delivery(worker.app.callable)


def _bury(_server: Any, worker: Any) -> None:
    metrics.bury(worker.pid)


def _forget(server: Any) -> None:
    # One that takes over (SIGUSR2) goes on counting in this folder.
    if not server.reexec_pid:
        shutil.rmtree(os.environ[metrics.FOLDER], ignore_errors=True)


def serve(
    settings: Settings, *, bind: str, worker: str, workers: int, threads: int
) -> None:
    """Serves until it is told to stop; running requests are finished.

    `bind` is an address with its port, or `unix:` or `fd:` as gunicorn takes them;
    `worker` is a name in WORKERS, each of so many `workers` has so many `threads`.
    """
    given = options(settings, worker=worker, workers=workers, threads=threads)
    _Server(settings, {"bind": bind, **given}).run()


def of_environment() -> dict[str, Any]:
    """The same options for who starts gunicorn, by deploy/gunicorn.conf.py:
    WXLOGIN_WORKER names the kind, WEB_CONCURRENCY how many.

    What start-up refuses is one sentence, and gunicorn does not start.
    """
    worker = os.environ.get("WXLOGIN_WORKER") or "threads"
    try:
        if worker not in WORKERS:
            raise ConfigurationError(
                f"WXLOGIN_WORKER is {worker}; write {' or '.join(WORKERS)}"
            )
        workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
        return options(load_settings(), worker=worker, workers=workers, threads=16)
    except ConfigurationError as error:
        print(f"wxlogin: {error.operator}", file=sys.stderr)
        sys.exit(Arbiter.APP_LOAD_ERROR)


def options(
    settings: Settings, *, worker: str, workers: int, threads: int
) -> dict[str, Any]:
    """What gunicorn is told, beside the address; see `serve`."""
    given: dict[str, Any] = {
        "workers": workers,
        "threads": threads,
        "worker_class": WORKERS[worker],
        "timeout": _TIMEOUT,
        "accesslog": None,
        "logger_class": _log_of(settings),
        # Forwarded headers are the application's matter (TRUSTED_PROXIES).
        "forwarded_allow_ips": "",
        # That covers no Unix socket, whose every client gunicorn takes for a proxy:
        # a visitor's SCRIPT_NAME would give a page another address (finding L12).
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        # Newer versions open a socket in the home directory, one for all services.
        "control_socket_disable": True,
        # In the worker itself: a thread does not survive a fork.
        "post_worker_init": _begin,
        "worker_exit": _stop_delivery,
        "child_exit": _bury,
    }
    if metrics.FOLDER not in os.environ:
        os.environ[metrics.FOLDER] = tempfile.mkdtemp(prefix="wxlogin-metrics-")
        given["on_exit"] = _forget
    if worker == "gevent":
        given["worker_connections"] = _GREENLETS
    return given
