"""The public id of a user: ours, opaque, and not derived from WeChat."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
# 62 ** 22 is a little more than 2 ** 130.
_LENGTH = 22


def new_uid() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
