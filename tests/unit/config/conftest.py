"""Nothing is set but what a test sets; a set-up that production accepts."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from wxlogin.config import App, AppKind, Settings, load_settings
from wxlogin.errors import ConfigurationError

GOOD: dict[str, Any] = {
    "public_url": "https://login.shop.example",
    "secret_key": SecretStr("9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"),
    "encryption_keys": (SecretStr(base64.b64encode(bytes(range(32))).decode()),),
    "apps": (
        App(
            name="web",
            kind=AppKind.website,
            appid="wx1234567890abcdef",
            secret="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
    ),
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("WXLOGIN_") or name in ("PORT", "SIMULATOR_PORT"):
            monkeypatch.delenv(name)


@pytest.fixture
def started(tmp_path: Path) -> Callable[..., Settings]:
    """`started(site_name="x")`: production with these settings changed."""

    def _started(**changes: Any) -> Settings:
        return load_settings(tmp_path, **{**GOOD, **changes})

    return _started


@pytest.fixture
def refused(started: Callable[..., Settings]) -> Callable[..., str]:
    """`refused(site_name="x")`: what start-up says against it."""

    def _refused(**changes: Any) -> str:
        with pytest.raises(ConfigurationError) as caught:
            started(**changes)
        return caught.value.operator

    return _refused
