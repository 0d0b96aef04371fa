"""Secrets that are none: one rule for keys, client secrets and the operator's key.

Length is no proof of chance (CWE-521, CWE-798): a piece over and over, letters in their
order, or the words of a document that nobody replaced are the first that are tried.
"""

import re
from itertools import pairwise

# Of a random secret in hexadecimal all but a few of the sixteen digits are there.
_DIFFERENT = 12
_LOOKED_AT = 256
_SAMPLES = re.compile(
    r"change.?me|example|sample|your.?(?:client.?)?secret|secret.?here|default"
    r"|password|placeholder|^secret|^dev|^test|\$\{|\{\{|^<.*>$",
    re.IGNORECASE,
)


def is_sample(secret: str) -> bool:
    """A well-known word, or a document's or template's place for a secret?"""
    return bool(_SAMPLES.search(secret))


def is_monotonous(secret: str, *, different: int = _DIFFERENT) -> bool:
    """Few different characters, one piece over and over, or letters in their order?"""
    secret = secret[:_LOOKED_AT]
    periods = range(1, len(secret) // 2 + 1)
    repeated = any(secret[period:] == secret[:-period] for period in periods)
    return repeated or _is_staircase(secret) or len(set(secret)) < different


def _is_staircase(secret: str) -> bool:
    pairs = list(pairwise(secret))
    steps = sum(abs(ord(after) - ord(before)) == 1 for before, after in pairs)
    return 2 * steps > len(pairs)
