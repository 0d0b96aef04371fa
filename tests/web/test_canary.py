"""The canary run knows every kind of secret, and finds what is planted."""

import re
import subprocess
import sys
from pathlib import Path

from tests.canary import CANARIES
from tests.web.mini_program import MiniProgram

HERE = Path(__file__).parent
# The planted test, and what the run must say of it.
LEAKS = {
    "secret_in_a_page": "key in the answer to GET /leak",
    "secret_in_a_stream": "AppSecret in the answer to GET /leak",
    "state_in_a_url_of_ours": "state in the answer to GET /leak, header Location",
    "token_in_the_log": "token in a log record of wxlogin",
    "token_in_a_libraries_log": "token in a log record of some.library",
    "code_in_a_traceback": "code in a log record of some.library",
    "code_in_an_error": "code in a WeChatUnavailable",
    "session_secret_on_stdout": "session secret in captured stdout call",
    "state_on_stderr": "state in captured stderr call",
    "token_in_the_database": "token in the file wxlogin.db",
    "session_key_in_a_cookie": "session key in the answer to GET /leak, a cookie",
    "bytes_of_a_session_key_in_the_database": "session key in the file wxlogin.db",
}


def test_a_login_makes_every_kind_of_secret(signed_in):
    assert CANARIES.kinds() >= {
        *("key", "AppSecret", "state", "attempt secret"),
        *("code", "token", "session secret"),
    }


def test_planted_leaks_are_found():
    """security row 30: the search itself is tried"""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "planted_leaks.py"], cwd=HERE, capture_output=True, text=True
    )
    sections = re.split(r"_+ ERROR at teardown of test_(\w+) _+", run.stdout)
    found = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert set(found) == set(LEAKS), run.stdout
    for name, leak in LEAKS.items():
        assert leak in found[name], run.stdout
    assert "13 passed, 12 errors" in run.stdout


def test_a_mini_programs_login_makes_a_session_key(app, simulator):
    """security row 57: no answer, cookie, log or column of any test holds one"""
    MiniProgram(app, simulator).logs_in()
    assert "session key" in CANARIES.kinds()
