"""What an error of WeChat's means: for the visitor, and for the operator's log."""

from dataclasses import dataclass, field

from wxlogin.errors import WxloginError
from wxlogin.wechat.errors import lookup


@dataclass(frozen=True)
class Explanation:
    """Both empty where the error is not WeChat's."""

    for_visitor: dict[str, str] = field(default_factory=dict)
    for_operator: dict[str, str] = field(default_factory=dict)


def explain(error: WxloginError) -> Explanation:
    """What the errcode behind this error means."""
    errcode = error.facts.get("errcode")
    if not isinstance(errcode, int):
        return Explanation()
    row = lookup(errcode)
    return Explanation(
        for_visitor={"zh": row.visitor.zh, "en": row.visitor.en},
        for_operator={"meaning": row.meaning, "advice": row.operator},
    )


def is_worth_a_reload(error: WxloginError) -> bool:
    """Did the exchange never leave? Then the code is as good as before, and the
    same URL signs in once WeChat answers, without another scan."""
    return error.facts.get("call") == "exchange" and error.facts.get("sent") is False
