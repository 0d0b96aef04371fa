"""The canary run: no secret leaves by a door that is not meant for it.

Security rows 30 and 31; OWASP ASVS 14.2.1 and 16.2.5, CWE-532, CWE-598.

It is on for every test; nothing has to be asked for. While a test runs, each secret
that comes into being becomes a canary (`sources`): AppSecrets and our own keys when a
service is built, codes and tokens when the simulated WeChat makes them, states,
attempt secrets and session secrets when we make them. Each place they could leak to
is searched (`places`):

- every answer of our service, as it leaves: status line, headers, body;
- every log record of every logger at DEBUG, before any masking, tracebacks included;
- the text and facts of every error of ours;
- what the test printed, on standard output and standard error;
- at the test's end the files of its database.

Meant for a secret, and so not searched: Set-Cookie, for that is how a browser gets
one; a state in the URL of WeChat's own page; what a program is given on purpose
(`places.HANDED_OVER`); and the files with the keys. A test that leaks fails when it
is torn down, with a line per leak that names the kind and the place, never the value.
`tests/web/test_canary.py` shows that planted leaks are found.

It costs a few microseconds per canary and answer. Levels of loggers are changed only
for tests that build a service, and what handlers print stays as it was set up.
"""

from tests.canary.canaries import CANARIES

__all__ = ["CANARIES"]
