"""What is an openid or unionid, and what only says that there is none.

Security row 44, finding I2.
"""

import pytest

from tests.support.names import NOTHING
from wxlogin.accounts.person import Person
from wxlogin.errors import WeChatUnavailable
from wxlogin.wechat.answers import identifier
from wxlogin.wechat.identifiers import is_id, is_issued, says_nothing

REAL = (
    "oCJUsw0CF6iit8BB96PB569XEmQk",
    "o6_bmasdasdsad6_2sgVt7hMZOPfL",
    "oA00000000000000000000000001",
    "oNULL-none_0000000000000000x",
)
NEVER_ISSUED = (
    "o1",
    "oCJUsw0CF6iit8BB96PB569XEmQk\n",
    "oCJUsw0CF6iit8BB96PB569XEm.k",
    "oCJUsw0CF6iit8BB96PB569XEmQk,oCJUsw0CF6iit8BB96PB569XEmQk",
    "oCJUsw0CF6 iit8BB96PB569XEmQk",
    "ｏCJUsw0CF6iit8BB96PB569XEmQk",
    "1" * 28,
    "x" * 28,
    "undefinedundefinedundefined",
    "no_unionid_for_this_user",
    "NOT_BOUND_TO_OPEN_PLATFORM",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "3f2b8c1e-0d4a-4e6b-9a77-5c1d2e3f4a5b",
    "-" * 28,
    "o" * 65,
    "'oCJUsw0CF6iit8BB96PB569XEmQk",
    '="oCJUsw0CF6iit8BB96PB569XEmQk"',
    "oCJUsw0CF6iit8BB96PB569XEmQk\ufeff",
)


@pytest.mark.parametrize("text", REAL)
def test_what_wechat_gives_out_is_taken(text):
    assert is_id(text) and is_issued(text) and identifier(text) == text


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_nobodys_wherever_it_comes_from(text):
    assert says_nothing(text) and not is_id(text) and not is_issued(text)
    assert identifier(text) is None
    assert Person("wx1", "website", "o1", "main", text).unionid is None
    with pytest.raises(WeChatUnavailable):
        Person("wx1", "website", text)


@pytest.mark.parametrize("text", NEVER_ISSUED)
def test_what_wechat_never_gives_out_is_taken_from_no_file(text):
    assert not is_issued(text)
