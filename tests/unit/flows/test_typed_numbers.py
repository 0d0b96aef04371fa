"""Numbers that a person types off a page."""

import pytest

from wxlogin.flows.typed_numbers import answer_in, is_number, new_number, number_in


def test_no_two_of_them_are_neighbours():
    """security row 79: of every number of ours, in all its neighbours."""
    for head in range(10_000, 100_000, 211):
        number = next(n for d in range(10) if is_number(n := f"{head}{d}"))
        for place, digit in enumerate(number):
            for other in "0123456789":
                near = f"{number[:place]}{other}{number[place + 1 :]}"
                assert is_number(near) is (other == digit)
        for place in range(5):
            one, two = number[place], number[place + 1]
            near = f"{number[:place]}{two}{one}{number[place + 2 :]}"
            assert is_number(near) is (one == two)


def test_a_new_one_is_one_by_chance():
    made = {new_number() for _ in range(200)}
    assert len(made) > 190
    assert all(is_number(one) and one[0] != "0" for one in made)


@pytest.mark.parametrize(
    "message",
    [
        *("482913", " 482 913 ", "４８２９１３", "验证码482913", "482913。", "482-913"),
        *("验证码：482913", "我的号码是 482913！", "4 8 2 9 1 3", "482913\n"),
        "\u202d482913\u202c",
        *(
            "482\u200b913",
            "482\u00a0913",
            "【482913】",
            "code 482913",
            "(482913)",
            "my code is 482913",
        ),
    ],
)
def test_how_people_spell_it(message):
    """case 24"""
    assert number_in(message) == "482913"


@pytest.mark.parametrize(
    "message",
    [
        *("", "你好", "48291", "4829134", "482913 1", "1 482913", "482913482913"),
        *("20251127482913", "4829.13", "482,913", "¥482913.00", "48x2913", "482a913"),
        *("+86 482913 00", "٤٨٢٩١٣", "四八二九一三"),
        "订单 482913 什么时候到？我等了三天了，请回复",
    ],
)
def test_what_is_no_number(message):
    assert number_in(message) == ""


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        *(("47", "47"), (" 47。", "47"), ("４７", "47"), ("4 7", "47"), ("0", "0")),
        *(("０", "0"), ("07", ""), ("00", ""), ("7", ""), ("471", ""), ("", "")),
        *(("不是47", ""), ("47不是我", ""), ("-47", "47"), ("not 47", ""), ("1", "")),
        *(("47 48", ""), ("四七", "")),
    ],
)
def test_an_answer_is_two_digits_and_nothing_else(message, answer):
    assert answer_in(message) == answer
