"""urllib3's log lines without the query of the URL.

At DEBUG level urllib3 writes the target of every request, and WeChat wants the
AppSecret, codes and tokens in the query. A filter sits on the loggers that write
URLs, for the whole process: it sees a line before any handler does, whoever set the
level. Other users of urllib3 in the process lose their query strings too, which
is the safe side.
"""

import logging

# The loggers of urllib3 that are given a URL (urllib3 2.x).
LOGGERS = (
    "urllib3.connectionpool",
    "urllib3.connection",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
)


class WithoutQuery(logging.Filter):
    """Cuts every argument of a log line at its first question mark."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(arg) for arg in record.args)
        # A traceback below such a line repeats the URL in its own words.
        record.exc_info = None
        return True


def install() -> None:
    """Put the filter on urllib3's loggers; a second call changes nothing."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, WithoutQuery) for known in logger.filters):
            logger.addFilter(WithoutQuery())


def _cut(arg: object) -> object:
    text = str(arg) if isinstance(arg, BaseException) else arg
    if isinstance(text, str) and "?" in text:
        return text.partition("?")[0] + "?…"
    return text
