"""The button and the code in React and in Vue, by the lines of docs/button.md."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.shop import Shop
from tests.clients.conftest import node_modules

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "button"
PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>茶铺</title>
<script type="importmap">{"imports": {"react": "/react.js", "vue": "/vue.js"}}</script>
<div id="root"></div><script type="module">
import { WxloginButton, WxloginQr } from "/wrapper.js";
%s</script></html>"""
PAGES = {
    "react": PAGE
    % """
import { createElement as e, createRoot, useState } from "react";
const Page = () => {
  const [words, say] = useState("使用微信登录");
  const [asks, ask] = useState(true);
  return e("main", null,
    e("button", { onClick: () => say("微信快捷登录") }, "say"),
    e("button", { onClick: () => ask(false) }, "close"),
    e(WxloginButton, { size: "large" }, e("a", { href: "/login" }, words)),
    asks && e(WxloginQr, { next: "/back" }, e("p", null, words)));
};
createRoot(document.getElementById("root")).render(e(Page));""",
    "vue": PAGE
    % """
import { createApp, ref } from "vue";
createApp({
  components: { WxloginButton, WxloginQr },
  setup: () => ({ words: ref("使用微信登录"), asks: ref(true) }),
  template: `<main>
    <button @click="words = '微信快捷登录'">say</button>
    <button @click="asks = false">close</button>
    <WxloginButton size="large"><a href="/login">{{ words }}</a></WxloginButton>
    <WxloginQr v-if="asks" next="/back"><p>{{ words }}</p></WxloginQr></main>`,
}).mount("#root");""",
}
# React comes as CommonJS: what a bundler does with that, for these files.
BUNDLE = """
const files = {%s}, loaded = {};
const require = (name) => loaded[name] ??= ((module) => {
  files[name](module, module.exports, require);
  return module.exports;
})({ exports: {} });
export const { createElement, useEffect, useState } = require("react");
export const { createRoot } = require("react-dom/client");"""
REACT = {
    "react": "react/cjs/react.production.js",
    "scheduler": "scheduler/cjs/scheduler.production.js",
    "react-dom": "react-dom/cjs/react-dom.production.js",
    "react-dom/client": "react-dom/cjs/react-dom-client.production.js",
}


def framework(name: str) -> str:
    """It as a module for a browser."""
    folder = node_modules()
    if name == "vue":
        return (folder / "vue/dist/vue.esm-browser.prod.js").read_text("utf-8")
    files = (
        f"{json.dumps(one)}(module, exports, require) {{{(folder / path).read_text()}}}"
        for one, path in REACT.items()
    )
    return BUNDLE % ",".join(files)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as running:
        yield running


@pytest.mark.parametrize("name", PAGES)
def test_the_wrapper_of_the_documents(serve, shop, window, name):
    service = serve(sites=({"name": "茶铺", "origins": (shop.url,)},))
    wrapper = (EXAMPLES / f"{name}.js").read_text("utf-8")
    shop.pages["/wrapper.js"] = wrapper.replace(
        "https://login.shop.example", service.url
    )
    shop.pages[f"/{name}.js"] = framework(name)
    shop.pages["/"] = PAGES[name]
    page = window()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{shop.url}/")
    page.frame_locator("wxlogin-qr iframe").locator("img.qrcode").wait_for()
    expect(page.locator("wxlogin-qr p")).to_be_hidden()
    # What the framework changes is seen, and what it takes away goes.
    page.get_by_role("button", name="say").click()
    link = page.get_by_role("link", name="微信快捷登录", exact=True)
    expect(link).to_have_css("min-height", "52px")
    page.get_by_role("button", name="close").click()
    expect(page.locator("wxlogin-qr, iframe")).to_have_count(0)
    link.click()
    page.wait_for_url(f"{shop.url}/login")
    assert errors == []
