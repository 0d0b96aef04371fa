"""What `wxlogin init` says is to be done in Tencent's consoles."""

import pytest

from tests.support.people import appid_of
from wxlogin.config import App, AppKind, Settings
from wxlogin.doctor.steps import steps

SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
HOST = "login.shop.example"


def said(*kinds: str, **settings: object) -> list[str]:
    apps = tuple(
        App(
            name=kind,
            kind=AppKind(kind),
            appid=appid_of(kind),
            secret=SECRET,
            open_platform="main",
        )
        for kind in kinds
    )
    given = {"public_url": f"https://{HOST}", "apps": apps, "env": "production"}
    return list(steps(Settings.model_validate(given | settings)))


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (
            "website",
            [
                f"website: enter {HOST} as 授权回调域. Open open.weixin.qq.com > ",
                "website: see that 微信登录 is granted (已获得).",
            ],
        ),
        (
            "official_account",
            [
                f"official_account: enter {HOST} as 网页授权域名.",
                "official_account: WeChat offers a file MP_verify_….txt there;",
            ],
        ),
        (
            "mini_program",
            [f"mini_program: enter https://{HOST} as 服务器域名, for request and"],
        ),
        ("mobile", []),
    ],
)
def test_each_kind_has_its_own_steps(kind: str, texts: list[str]) -> None:
    found = said(kind)
    assert len(found) == len(texts)
    assert all(one.startswith(text) for one, text in zip(found, texts, strict=True))


def test_several_apps_are_bound_to_one_platform() -> None:
    assert said("website", "mobile")[-1].startswith(
        "website, mobile: bind them to one open-platform account"
    )


def test_a_simulated_wechat_has_no_console() -> None:
    assert said("website", simulator="on") == []
