"""Tests of the marks that models and chat templates put around thinking and answers."""

import pytest

from app.services.methods.answer_extraction import extract_answer

QUESTION = "What is the capital of France?"
PARIS = [
    "<thinking>Lyon? No.</thinking>\nParis",
    "◁think▷Lyon◁/think▷Paris",
    "<|channel|>analysis<|message|>Lyon?<|end|><|start|>assistant<|channel|>final<|message|>Paris",
    "<|start|>assistant<|channel|>final<|message|>Paris<|return|>",
    "<|channel|>commentary<|message|>I will answer.<|end|><|start|>assistant<|channel|>final<|message|>Paris",
    "analysisLyon?assistantfinalParis",
    "Lyon?</think>\nParis",
    "<answer>Paris</answer>",
    '{"answer": "Paris"}',
    "Antwort: Paris",
    "\\boxed{\\text{Paris}}",
    "Answer: Lyon\nWait, no. Answer: Paris",
    "Paris<|eot_id|><|start_header_id|>user",
    "Paris<eot><header>user",
    "Paris<eot>",
    "[THINK]Lyon[/THINK]Paris",
    "<reasoning>Lyon</reasoning>Paris",
    "<reflection>Lyon</reflection>Paris",
    "<reasoning>Lyon</reasoning><reflection>Hm</reflection>Paris",
    "<|begin_of_thought|>Lyon<|end_of_thought|><|begin_of_solution|>Paris<|end_of_solution|>",
    "<seed:think>Lyon</seed:think>Paris",
    "<THINK>Lyon</THINK>Paris",
    '<think type="deep">Lyon</think>Paris',
    "<think>\n\n</think>\n\nParis",
    "<think/>Paris",
    "Paris<|im_end|>\n<|im_start|>user\nNext?",
    "Paris<end_of_turn>\n<start_of_turn>user",
    "Paris</s>[INST] next",
    "Paris<|end|><|user|>",
    "Paris<|endoftext|>Lyon",
    "Paris\n\nUser: next question",
    "Paris\n\nHuman: next",
    "Paris<|END_OF_TURN_TOKEN|><|USER_TOKEN|>hi",
    "<|START_RESPONSE|>Paris<|END_RESPONSE|>",
    "<|START_THINKING|>Lyon<|END_THINKING|><|START_RESPONSE|>Paris<|END_RESPONSE|>",
    "<response>Paris</response>",
    "<final_answer>Paris</final_answer>",
    "<output>Paris</output>",
    "[ANSWER]Paris[/ANSWER]",
    "**Answer:** Paris",
    "Final answer: **Paris**",
    "The answer is Lyon. Correction: the answer is Paris.",
    "Lyon. Wait, no, it is Paris.",
    "Answer: Lyon\n\nActually, the correct answer is Paris.",
    "I initially thought Lyon, but the answer is Paris.",
    "Answer: Lyon. Sorry, I meant Paris.",
    "Answer: Lyon\nCorrection: Paris",
    "Lyon — no, Paris.",
    "Réponse : Paris",
    "Respuesta: Paris",
    "Ответ: Paris",
    "答案：Paris",
    "答案是 Paris。",
    "答え：Paris",
    "답: Paris",
    "정답: Paris",
    "الإجابة: Paris",
    "उत्तर: Paris",
    "Odpowiedź: Paris",
    "Antwoord: Paris",
    "Svar: Paris",
    "Cevap: Paris",
    "Đáp án: Paris",
    "คำตอบ: Paris",
    "Resposta: Paris",
    "Vastaus: Paris",
    "Відповідь: Paris",
    "תשובה: Paris",
    "assistant\nParis",
    "<|assistant|>Paris",
    "model\nParis",
    "<｜Assistant｜>Paris<｜end▁of▁sentence｜>",
    "Paris<｜end▁of▁sentence｜>",
    "<scratchpad>Lyon</scratchpad>\n<answer>Paris</answer>",
    "<thought>Lyon</thought>Paris",
    "<inner_monologue>Lyon</inner_monologue>Paris",
    "<|thinking|>Lyon<|/thinking|>Paris",
    "```\nParis\n```",
    "<|message|>Paris",
    "<|channel>thought\nLyon<channel|>Paris",
    "<unused94>thought\nLyon<unused95>Paris",
    '{"reasoning": "Lyon", "answer": "Paris"}',
    '{"final": "Paris"}',
    "### Answer\nParis",
    "### Final Answer: Paris",
]
THINKING = [
    "<think>Lyon",
    "◁think▷Lyon? Or",
    "[THINK]Lyon",
    "<|channel|>analysis<|message|>Lyon is",
    "<seed:think>Lyon",
    "<reflection>Lyon",
    "<THINKING>Lyon",
    "<|START_THINKING|>Lyon",
    "<|begin_of_thought|>Lyon",
    "<|start|>assistant<|channel|>analysis<|message|>Lyon",
]


@pytest.mark.parametrize("output", PARIS)
def test_answer_between_marks(output: str) -> None:
    assert extract_answer(output, QUESTION).text == "Paris"


@pytest.mark.parametrize("output", THINKING)
@pytest.mark.parametrize(("cut_off", "outcome"), [(True, "cut_off"), (False, "empty")])
def test_thinking_alone_is_no_answer(output: str, cut_off: bool, outcome: str) -> None:
    parsed = extract_answer(output, QUESTION, cut_off=cut_off)
    assert (parsed.text, parsed.outcome) == (None, outcome)
