"""The public id of a user: ours, opaque, and not derived from WeChat."""

import hashlib
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
# 62 ** 22 is a little more than 2 ** 130.
_LENGTH = 22


def new_uid() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def digest_of(uid: str) -> bytes:
    """What stays of the uid of a user who was deleted: 32 bytes that lead to nobody.

    A uid has 130 random bits and is no datum of WeChat's, so the digest gives away
    neither it nor anything about the person. It keeps others from inheriting it.
    """
    return hashlib.sha256(uid.encode()).digest()
