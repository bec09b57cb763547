"""Tests of the scoring rule for answers in any language."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.evaluation.multilingual import normalise_multilingual
from app.services.evaluation.scorers.text import contains, exact_match, f1
from tests.factories import properties

SAME = [
    ("北京", "北京。"),
    ("北京", "「北京」"),
    ("القاهرة", "القاهرة،"),
    ("القاهرة", "اَلْقَاهِرَة"),
    ("القاهرة", "القـاهرة"),
    ("Beyoncé", unicodedata.normalize("NFD", "Beyoncé")),
    ("istanbul", "İstanbul"),
    ("İSTANBUL", "istanbul"),
    ("Diyarbakır", "DIYARBAKIR"),
    ("ＮＡＳＡ", "NASA"),
    ("Straße", "STRASSE"),
    ("ΟΔΥΣΣΕΥΣ", "Οδυσσευς"),
    ("١٩٩٠", "1990"),
    ("१९९०", "1990"),
    ("１９９０年", "1990年"),
    ("アルベルト・アインシュタイン", "アルベルト アインシュタイン"),
    ("ｶﾀｶﾅ", "カタカナ"),
    ("東京、大阪", "東京 大阪"),
    ("서울특별시", "서울 특별시"),
    ("กรุงเทพ มหานคร", "กรุงเทพมหานคร"),
    ("दिल्ली", "दिल्ली।"),
    ("Київ", "КИЇВ."),
    ("l’été", "l'été"),
    ("don't", "don’t"),
    ("U.S.A.", "USA"),
    ("Jean-Paul", "Jean Paul"),
    ("The Beatles", "Beatles"),
    ("3,5", "3.5"),
    ("٣٫٥", "3.5"),
    ("1.234.567", "1,234,567"),
    ("می\u200cروم", "میروم"),
    ("שָׁלוֹם", "שלום"),
    ("¿Madrid?", "madrid"),
]
DIFFERENT = [
    ("北京", "东京"),
    ("Київ", "Киев"),
    ("3.5", "35"),
    ("पिता", "पता"),
    ("!!!", "?"),
    ("The The", "a"),
]


class TestNormalise:
    @pytest.mark.parametrize(("gold", "said"), SAME)
    def test_the_same(self, gold: str, said: str) -> None:
        assert exact_match(said, (gold,), "multilingual")[0] == 1.0
        assert f1(said, (gold,), "multilingual")[0] == 1.0
        assert contains(f"{said} ", (gold,), "multilingual")[0] == 1.0

    @pytest.mark.parametrize(("gold", "said"), DIFFERENT)
    def test_not_the_same(self, gold: str, said: str) -> None:
        assert exact_match(said, (gold,), "multilingual")[0] == 0.0

    def test_what_would_leave_nothing_stays(self) -> None:
        assert normalise_multilingual("A") == "a"
        assert normalise_multilingual("The The") == "the the"

    @properties
    @given(st.text())
    def test_twice_is_once(self, text: str) -> None:
        once = normalise_multilingual(text)
        assert normalise_multilingual(once) == once or "." in once


class TestByCharacter:
    def test_f1_counts_characters(self) -> None:
        value, _ = f1("中华人民共和国", ("中国",), "multilingual")
        assert value == pytest.approx(2 * (2 / 7) / (2 / 7 + 1))

    def test_contains_within_a_clause(self) -> None:
        assert contains("我认为答案是北京。", ("北京",), "multilingual")[0] == 1.0
        assert contains("北方的京城", ("北京",), "multilingual")[0] == 0.0
