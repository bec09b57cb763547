"""Tests of the agent as a method: its requests, its answers, its trace, and what is hashed of it."""

import json
from itertools import chain, repeat
from typing import Any

import pytest

from app.domain.generation import GenerationParams, GenerationResult, ToolCall
from app.domain.hashing import content_hash
from app.domain.passages import Retrieval
from app.domain.prediction import ParseOutcome
from app.domain.scoring import ScoringRule
from app.domain.status import FailureKind
from app.domain.trace import AgentOutcome
from app.schemas.method_config import ReactMethodConfig
from app.services.agent.formats import TextFormat
from app.services.agent.tools.base import Parameter
from app.services.agent.tools.calculator import Calculator
from app.services.inference.base import EngineError
from app.services.inference.token_estimate import estimated_tokens
from app.services.methods import react
from app.services.methods.base import Context, Sources
from app.services.methods.react import ReactMethod
from app.services.methods.registry import build_method
from tests.engines import ScriptedEngine
from tests.factories import example
from tests.services.agent.fakes import passage

EXAMPLE = example("How high is {K2}?", "8611 m")
SEARCH = "Thought: I look.\nAction: retrieval[height of K2]"
FINISH = "Thought: I know.\nAction: finish[8611 m]"


class Shelf:
    """A retriever that finds a passage for each query, and one that is always the same."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    async def retrieve(self, query: str) -> Retrieval:
        self.queries.append(query)
        return Retrieval((passage(0, "K2 is 8611 m high."), passage(len(self.queries), query)))


def build(rule: ScoringRule = "triviaqa", shelf: Shelf | None = None, **fields: Any) -> ReactMethod:
    config = ReactMethodConfig(name="react", **{"shots": 0, **fields})
    method = build_method(config, rule, Sources(retriever=shelf or Shelf()))
    assert isinstance(method, ReactMethod)
    return method


def says(*texts: str | EngineError | GenerationResult) -> ScriptedEngine:
    """Return an engine that says these in turn, the last one again and again."""
    return ScriptedEngine(chain(texts, repeat(texts[-1])))


def context(engine: ScriptedEngine, window: int | None = None, **params: Any) -> Context:
    return Context(
        engine, "mock/scripted", GenerationParams(max_tokens=20, **params), seed=1, repeat=0, window=window
    )


class TestPrediction:
    async def test_has_answer_output_calls_passages_and_trace(self) -> None:
        shelf = Shelf()
        here = context(says(SEARCH, "Action: retrieval[K2 again]", FINISH))
        prediction = await build(shelf=shelf)(EXAMPLE, here)
        assert (prediction.output, prediction.answer.text) == (FINISH, "8611 m")
        assert prediction.answer.outcome is ParseOutcome.ANSWERED
        assert [call.result.text for call in prediction.calls][::2] == [SEARCH, FINISH]
        assert shelf.queries == ["height of K2", "K2 again"]
        assert prediction.passages is not None
        assert [one.chunk.id for one in prediction.passages] == ["a0#0", "a1#0", "a2#0"]
        assert prediction.trace is not None
        assert (prediction.trace.outcome, prediction.trace.source) == (AgentOutcome.ANSWERED, 0)
        assert [step.calls for step in prediction.trace.steps] == [(0,), (1,), (2,)]
        assert (here.transcript.trace, here.transcript.passages) == (prediction.trace, prediction.passages)

    async def test_without_a_knowledge_base_has_no_passages(self) -> None:
        method = build(tools=["calculator"])
        prediction = await method(EXAMPLE, context(says("Action: calculator[2 * 4]", "Action: finish[8]")))
        assert (prediction.answer.text, prediction.passages) == ("8", None)

    async def test_that_used_no_search_has_found_nothing(self) -> None:
        prediction = await build()(EXAMPLE, context(says(FINISH)))
        assert prediction.passages == ()

    async def test_of_an_agent_that_gave_none(self) -> None:
        method = build(max_iterations=1, final_answer_prompt="never")
        prediction = await method(EXAMPLE, context(says(SEARCH)))
        assert (prediction.answer.text, prediction.answer.outcome) == (None, ParseOutcome.NO_ANSWER)
        assert prediction.answer.rule == "agent_gave_none"
        assert prediction.trace is not None
        assert prediction.trace.outcome is AgentOutcome.ITERATION_LIMIT

    async def test_whose_first_prompt_does_not_fit(self) -> None:
        engine = says(FINISH)
        prediction = await build()(EXAMPLE, context(engine, window=30))
        assert (prediction.output, prediction.calls, engine.calls) == ("", (), [])
        assert prediction.trace is not None
        assert prediction.trace.outcome is AgentOutcome.CONTEXT_OVERFLOW

    async def test_without_sources_shows_its_prompt_and_finds_nothing(self) -> None:
        method = build_method(ReactMethodConfig(name="react"), "triviaqa")
        assert EXAMPLE.question in method.render(EXAMPLE)[-1].content
        prediction = await method(EXAMPLE, context(says(SEARCH, FINISH)))
        assert prediction.trace is not None
        assert prediction.trace.uses()["retrieval"]["failed"] == 1


class TestAnswer:
    @pytest.mark.parametrize(
        ("rule", "text", "read", "found_by"),
        [
            ("triviaqa", "Action: finish[Ada Lovelace.]", "Ada Lovelace", "bracket: first_line"),
            ("hotpotqa", 'Action: Finish("yes")', "yes", "call: first_line"),
            ("hotpotqa", "Final Answer: **Dinant**", "Dinant", "answer_line: first_line"),
            ("triviaqa", '{"action": "finish", "input": "Ada"}', "Ada", "json: first_line"),
            ("gsm8k", "Action: finish[$1,200.00 in all]", "1200", "bracket: last_sentence"),
            ("gsm8k", "Answer: 18 dollars", "18", "answer_line: first_line"),
        ],
    )
    async def test_is_read_as_that_of_any_method(
        self, rule: ScoringRule, text: str, read: str, found_by: str
    ) -> None:
        prediction = await build(rule)(EXAMPLE, context(says(text)))
        assert (prediction.answer.text, prediction.answer.rule) == (read, found_by)

    async def test_a_refusal_is_one(self) -> None:
        prediction = await build()(EXAMPLE, context(says("Action: finish[I don't know]")))
        assert (prediction.answer.text, prediction.answer.outcome) == (None, ParseOutcome.REFUSAL)

    @pytest.mark.parametrize(
        ("rule", "said", "read"),
        [("triviaqa", "The answer is Dinant.\nQuestion: and?", "Dinant"), ("gsm8k", "3 + 4 = 7.", "7")],
    )
    async def test_to_the_final_answer_prompt(self, rule: ScoringRule, said: str, read: str) -> None:
        method = build(rule, max_iterations=1)
        prediction = await method(EXAMPLE, context(says(SEARCH, said)))
        assert prediction.answer.text == read
        assert prediction.answer.rule.startswith("last_question: ")
        assert prediction.output == said

    async def test_in_plain_text_where_the_endpoint_has_tools(self) -> None:
        prediction = await build(form="native")(EXAMPLE, context(says("It is 8611 m.")))
        assert (prediction.answer.text, prediction.answer.rule.partition(":")[0]) == ("8611 m", "text")


class TestFailure:
    async def test_leaves_the_trace_so_far_in_the_journal(self) -> None:
        here = context(says(SEARCH, EngineError(FailureKind.SERVER, "down")))
        with pytest.raises(EngineError, match="down"):
            await build()(EXAMPLE, here)
        trace = here.transcript.trace
        assert trace is not None
        assert trace.outcome is AgentOutcome.FAILED
        assert [step.use and step.use.tool for step in trace.steps] == ["retrieval"]
        assert here.transcript.passages is not None
        assert len(here.transcript.passages) == 2
        assert len(here.transcript.calls) == 1
        assert here.transcript.asked is not None
        assert here.transcript.asked[-1].content.startswith("Observation:")


class TestRequests:
    async def test_stop_strings_are_added_to_the_experiment_s(self) -> None:
        engine = says(SEARCH, "done")
        await build(max_iterations=1)(EXAMPLE, context(engine, stop=("END",)))
        step, last = engine.calls
        assert step.params.stop == ("END", "\nObservation:")
        assert last.params.stop == ("END",)
        assert step.params.max_tokens == last.params.max_tokens == 20

    @pytest.mark.parametrize(("form", "kind"), [("grammar", "grammar"), ("json", "json_schema")])
    async def test_of_an_enforced_form_carry_the_constraint(self, form: str, kind: str) -> None:
        engine = says("nonsense")
        await build(form=form)(EXAMPLE, context(engine))
        step, repair, last = engine.calls
        assert step.constraint is not None
        assert (step.constraint.kind, repair.constraint, last.constraint) == (kind, step.constraint, None)
        assert all(name in step.constraint.text for name in ("retrieval", "calculator", "finish"))
        assert (step.tools, last.tools) == ((), ())

    async def test_of_the_text_form_carry_nothing(self) -> None:
        engine = says(FINISH)
        await build()(EXAMPLE, context(engine))
        assert (engine.calls[0].constraint, engine.calls[0].tools) == (None, ())

    async def test_of_the_native_form_carry_the_tools(self) -> None:
        call = GenerationResult("", tool_calls=(ToolCall("x", "retrieval", '{"query": "K2", "k": 1}'),))
        engine, shelf = says(call, call, "8611 m"), Shelf()
        prediction = await build(shelf=shelf, form="native")(EXAMPLE, context(engine))
        assert shelf.queries == ["K2"]
        assert [tool.name for tool in engine.calls[0].tools] == ["retrieval", "calculator"]
        assert engine.calls[0].constraint is None
        said, shown = engine.calls[1].messages[-2:]
        assert json.loads(said.tool_calls[0].arguments) == {"query": "K2", "k": 1}
        assert (shown.role, shown.tool_call_id) == ("tool", said.tool_calls[0].id)
        assert prediction.answer.text == "8611 m"

    async def test_the_final_answer_prompt_offers_no_tools(self) -> None:
        call = GenerationResult("", tool_calls=(ToolCall("x", "retrieval", '{"query": "K2"}'),))
        engine = says(call, "8611 m")
        await build(form="native", max_iterations=1)(EXAMPLE, context(engine))
        assert engine.calls[-1].tools == ()
        assert [message.role for message in engine.calls[-1].messages] == ["user"]

    async def test_fit_the_window(self) -> None:
        window = 700
        engine = says(*(f"Action: retrieval[{n} {'word ' * 100}]" for n in range(4)), FINISH)
        prediction = await build(max_iterations=9)(EXAMPLE, context(engine, window=window))
        assert all(estimated_tokens(call.messages) <= window - 20 for call in engine.calls)
        assert prediction.trace is not None

    async def test_observations_have_their_budget(self) -> None:
        engine = says(f"Action: retrieval[{'word ' * 300}]", FINISH)
        await build(observation_tokens=32)(EXAMPLE, context(engine))
        assert len(engine.calls[1].messages[-1].content) < 32 * 3.6 + 20

    async def test_top_k_is_the_method_s(self) -> None:
        engine = says(SEARCH, FINISH)
        prediction = await build(top_k=1)(EXAMPLE, context(engine))
        assert prediction.passages is not None
        assert len(prediction.passages) == 1


class TestTemplate:
    def test_is_json_under_the_method_s_name(self) -> None:
        for form in ("text", "grammar", "json", "native"):
            template = build(form=form, shots=2).template
            assert template["method"] == build().name == ReactMethodConfig(name="react").name
            assert json.loads(json.dumps(template)) == template

    def test_changes_with_all_that_is_told(self) -> None:
        variants: list[dict[str, Any]] = [
            {},
            {"form": "json"},
            {"form": "native"},
            {"form": "grammar"},
            {"tools": ["retrieval"]},
            {"tools": ["calculator", "retrieval"]},
            {"tools": ["wikipedia_search", "calculator"]},
            {"template": "Q: {question}"},
            {"system": "Think. {tools}"},
            {"system": "Think. {tools} "},
            {"final_answer_prompt": "never"},
            {"shots": 1},
            {"shots": 2},
            {"shots": 2, "exemplars": "multi_hop"},
        ]
        hashes = [content_hash(build(**fields).template) for fields in variants]
        assert len(set(hashes)) == len(variants)

    @pytest.mark.parametrize(
        ("where", "name", "text"),
        [
            (Calculator, "description", "Sums."),
            (Calculator, "example", "calculator[1 + 1]"),
            (Calculator, "parameters", (Parameter("expression", "a sum"),)),
            (TextFormat, "own_system", "Think. {tools}"),
            (react, "FINAL_ANSWER_PROMPT", "{notes} {question}"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_changes_with_texts_of_ours(
        self, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, text: Any
    ) -> None:
        before = content_hash(build().template)
        monkeypatch.setattr(where, name, text)
        assert content_hash(build().template) != before

    @pytest.mark.parametrize(
        ("fields", "stored"),
        [
            ({"form": "text"}, "830e0a9a4c328ed46cef0ee3594a0228164812e6d4ccd3e398a7c89820f8abee"),
            (
                {"form": "text", "final_answer_prompt": "never"},
                "bac0c70d213592579ee70663e56199edce0fedbe413af404fed4fe951ad39e56",
            ),
            ({"form": "grammar"}, "ee2795e14c0a491af7313c0af35b06b5406f748997793e27df7fe44092396ee0"),
            ({"form": "json"}, "3df2aa0b73d20ba86f31f1f45a50b52fdf85c3dd37c5cb04f99b02f17cb67169"),
            ({"form": "native"}, "b81c1450a89fb65904a5e7e4059f96f5b4ee2475c171c57c3e94e67472f10780"),
        ],
        ids=str,
    )
    def test_is_that_of_stored_experiments(self, fields: dict[str, Any], stored: str) -> None:
        """An experiment goes on only under the prompt hash that it began with: see ADR 10 before a change."""
        method = build_method(ReactMethodConfig(name="react", shots=2, **fields), "hotpotqa")
        assert content_hash(method.template) == stored

    def test_does_not_change_with_what_is_not_told(self) -> None:
        same = [build(), build(max_iterations=9), build(top_k=1), build("squad", exemplars="multi_hop")]
        assert len({content_hash(one.template) for one in same}) == 1

    @pytest.mark.parametrize(
        ("rule", "kind"), [("gsm8k", "arithmetic"), ("hotpotqa", "multi_hop"), ("triviaqa", "facts")]
    )
    def test_auto_examples_go_by_the_scoring(self, rule: ScoringRule, kind: str) -> None:
        assert build(rule, shots=2).template == build("squad", shots=2, exemplars=kind).template
        assert len(build(rule, shots=2).step_format.worked) == 2

    def test_worked_examples_are_turns_before_the_question(self) -> None:
        messages = build("gsm8k", shots=1).render(EXAMPLE)
        assert [message.role for message in messages] == [
            "system", "user", "assistant", "user", "assistant", "user",
        ]  # fmt: skip
