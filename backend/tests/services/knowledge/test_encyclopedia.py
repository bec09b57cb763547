"""Checks of the encyclopedia that ships, and of the questions about it."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from app.core.config import PROJECT_ROOT
from app.services.datasets.importers import load_builtin as load_dataset
from app.services.evaluation.normalise import normalise_squad, normalise_triviaqa
from app.services.knowledge.importers import load_builtin

DATA = PROJECT_ROOT / "data"
ARTICLES = load_builtin(DATA / "knowledge_base" / "articles.json")[1]
TRIVIA = load_dataset(DATA / "datasets" / "triviaqa" / "trivia_qa.json").examples
MULTI_HOP_FILE = DATA / "datasets" / "hotpotqa" / "hotpot_qa.json"
MULTI_HOP: list[dict[str, Any]] = json.loads(MULTI_HOP_FILE.read_text(encoding="utf-8"))["examples"]
BY_TITLE = {article.title: article for article in ARTICLES}
_RUN = 8  # words in a row that are no longer chance


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def runs(text: str, length: int = _RUN) -> set[tuple[str, ...]]:
    said = words(text)
    return {tuple(said[i : i + length]) for i in range(len(said) - length + 1)}


class TestArticles:
    def test_number_and_titles(self) -> None:
        assert len(ARTICLES) >= 500
        assert len(BY_TITLE) == len(ARTICLES)

    def test_length(self) -> None:
        lengths = {article.title: len(article.text.split()) for article in ARTICLES}
        assert {title: n for title, n in lengths.items() if not 120 <= n <= 250} == {}

    def test_plain_text_in_named_sections(self) -> None:
        for article in ARTICLES:
            assert not re.search(r"[“”‘’*#\[\]<>]|https?:", article.text), article.title
            assert all(section.heading for section in article.sections), article.title

    def test_none_repeats_another(self) -> None:
        found = Counter(run for article in ARTICLES for run in runs(article.text, 12))
        assert [" ".join(run) for run, count in found.items() if count > 1] == []

    def test_openings_differ(self) -> None:
        # A template would show in how articles begin: after the title's own words they would be alike.
        openings: Counter[tuple[str, ...]] = Counter()
        for article in ARTICLES:
            title = set(words(article.title))
            openings[tuple(word for word in words(article.text) if word not in title)[:4]] += 1
        assert openings.most_common(1)[0][1] <= 4


class TestTrivia:
    def test_nearly_all_answers_are_there(self) -> None:
        texts = [f" {normalise_triviaqa(f'{a.title} {a.text}')} " for a in ARTICLES]
        missing = [
            example.key
            for example in TRIVIA
            if not any(f" {normalise_triviaqa(one)} " in text for one in example.answers for text in texts)
        ]
        assert len(TRIVIA) - len(missing) >= 95, missing

    def test_no_article_quotes_a_question(self) -> None:
        asked = {run: example.key for example in TRIVIA for run in runs(example.question)}
        quoted = {
            (article.title, asked[run]) for article in ARTICLES for run in runs(article.text) if run in asked
        }
        assert quoted == set()


class TestMultiHop:
    def test_number_and_kinds(self) -> None:
        kinds = Counter(one["kind"] for one in MULTI_HOP)
        assert len(MULTI_HOP) >= 50
        assert set(kinds) == {"bridge", "comparison"}
        assert min(kinds.values()) >= 15

    @pytest.mark.parametrize("one", MULTI_HOP, ids=lambda one: one["id"])
    def test_each_hop_is_in_its_article(self, one: dict[str, Any]) -> None:
        first, second = (BY_TITLE[title] for title in one["supporting"])
        assert first != second
        assert one["facts"][0] in first.text
        assert one["facts"][1] in second.text
        answers = {normalise_squad(answer) for answer in one["answers"]}
        texts = [f" {normalise_squad(f'{a.title} {a.text}')} " for a in (first, second)]
        held = [any(f" {answer} " in text for answer in answers) for text in texts]
        if one["kind"] == "bridge":
            assert held == [False, True]
            assert normalise_squad(second.title) not in normalise_squad(one["question"])
        else:
            assert any(held) or answers <= {"yes", "no"}

    def test_no_article_quotes_a_question(self) -> None:
        asked = {run for one in MULTI_HOP for run in runs(one["question"])}
        assert [a.title for a in ARTICLES if runs(a.text) & asked] == []
