"""ACCENT and LOGO: readable, and findable."""

import pytest

from wxlogin.config.field_types import (
    contrast_with_white,
    findable_logo,
    readable_accent,
)


@pytest.mark.parametrize(
    ("colour", "contrast"),
    [("#000000", 21), ("#ffffff", 1), ("#777777", 4.48), ("#767676", 4.54)],
)
def test_contrast_is_that_of_wcag(colour, contrast):
    assert contrast_with_white(colour) == pytest.approx(contrast, abs=0.005)


@pytest.mark.parametrize("colour", ["#07794a", "#0000FF", "#767676", "#000000"])
def test_a_colour_that_white_can_be_read_on(colour):
    assert readable_accent(colour) == colour.lower()


@pytest.mark.parametrize(
    "colour",
    ["#ffff00", "#FFFFFF", "#777777", "#07c160", "#ff0000", "#00ff00", "#1aad19"],
)
def test_a_colour_that_is_too_light(colour):
    with pytest.raises(
        ValueError, match=r"contrast of \d\.\d.* 4\.5 on; take a darker"
    ):
        readable_accent(colour)


def test_a_contrast_just_below_is_not_rounded_up():
    with pytest.raises(ValueError, match=r"contrast of 4\.4,"):
        readable_accent("#777777")


@pytest.mark.parametrize(
    "colour",
    [
        "yellow",
        "#fff",
        "07794a",
        "#07794",
        "#07794a0",
        "#07794g",
        "rgb(0,0,0)",
        "＃07794a",
        "#07794a;}body{",
        "",
    ],
)
def test_what_is_no_colour(colour):
    with pytest.raises(ValueError, match="# and six hexadecimal digits"):
        readable_accent(colour)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("/logo.png", "/logo.png"),
        ("/图/logo.png", "/%E5%9B%BE/logo.png"),
        (
            "https://cdn.shop.example/logo.svg?v=2",
            "https://cdn.shop.example/logo.svg?v=2",
        ),
    ],
)
def test_a_logo_is_a_path_or_https(written, kept):
    assert findable_logo(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "/",
        "https://cdn.shop.example/",
        "logo.png",
        "./logo.png",
        "static/logo.png",
        "http://cdn.shop.example/logo.png",
        "//cdn.shop.example/logo.png",
        "data:image/png;base64,AAAA",
        "C:\\logo.png",
        "/\\evil.example/logo.png",
        "https://u@cdn.shop.example/x",
        "file:///logo.png",
    ],
)
def test_what_no_browser_would_find_is_no_logo(written):
    with pytest.raises(ValueError, match=r"path|leave|picture"):
        findable_logo(written)
