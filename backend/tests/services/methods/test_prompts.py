import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.generation import Message
from app.services.methods.prompts import PromptTemplate
from tests.factories import example, properties

# Text that a formatter, a shell or a regular expression would make something of.
TRICKY = st.text(alphabet=string.ascii_letters + "{}%$\\0123456789 \n").map(
    lambda text: text + "{question}\\1%s{0}"
)


class TestRender:
    def test_question_takes_its_place(self) -> None:
        template = PromptTemplate("Question: {question}\nAnswer:")
        assert template.render(example("Why?")) == (Message("user", "Question: Why?\nAnswer:"),)

    def test_system_message_comes_first(self) -> None:
        template = PromptTemplate("{question}", system="Be brief.")
        assert template.render(example("Why?")) == (Message("system", "Be brief."), Message("user", "Why?"))

    def test_empty_system_message_is_none(self) -> None:
        assert PromptTemplate("{question}", system="").render(example("Why?")) == (Message("user", "Why?"),)

    def test_every_place_is_filled(self) -> None:
        template = PromptTemplate("{question} I repeat: {question}")
        assert template.render(example("Why?"))[0].content == "Why? I repeat: Why?"

    def test_other_braces_of_the_template_stay(self) -> None:
        template = PromptTemplate('{question} Answer as {"answer": "…"}, {}, {{x y}}, {a.b}')
        assert (
            template.render(example("Why?"))[0].content
            == 'Why? Answer as {"answer": "…"}, {}, {{x y}}, {a.b}'
        )

    def test_system_message_has_no_places(self) -> None:
        template = PromptTemplate("{question}", system="About {question} and {x}")
        assert template.render(example("Why?"))[0].content == "About {question} and {x}"

    @properties
    @given(st.text() | TRICKY)
    def test_the_question_is_never_interpreted(self, question: str) -> None:
        message = PromptTemplate("Q: {question}\nA:").render(example(question))[0]
        assert message.content == f"Q: {question}\nA:"

    def test_answers_are_never_shown(self) -> None:
        messages = PromptTemplate("{question}", system="s").render(
            example("Why?", "SECRET", metadata={"a": "SECRET"})
        )
        assert all("SECRET" not in message.content for message in messages)


class TestValidation:
    @pytest.mark.parametrize("text", ["", "Answer this.", "question", "{Question}", "{ question }", "{}"])
    def test_no_place_for_the_question(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"\{question\}"):
            PromptTemplate(text)

    def test_unknown_place_is_named(self) -> None:
        with pytest.raises(ValueError, match=r"unknown place \{context\}"):
            PromptTemplate("{context} {question}")


class TestAsDict:
    def test_holds_all_text(self) -> None:
        assert PromptTemplate("{question}", "Be brief.").as_dict() == {
            "text": "{question}",
            "system": "Be brief.",
        }
