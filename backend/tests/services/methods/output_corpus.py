"""Outputs in the styles that models write, each with the answer that a person would read in it.

The styles are written once, with ``{x}`` for the right answer and ``{y}`` for another one, and filled with
many answers: several thousand outputs, the same ones each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.services.methods.number_outputs import NUMBER_STYLES, NUMBERS, SPECIAL_NUMBERS

TEXT_QUESTION = "Which name is asked for here?"
NUMBER_QUESTION = "A crate holds some bags of apples. How many apples are there in all?"


@dataclass(frozen=True, slots=True)
class Sample:
    """One output.

    Attributes:
        style: the template that it was made from.
        output: what the model wrote.
        answer: what a person would read in it; ``None`` if it gives no answer, or more than one.
        numeric: the question asks for a number.
        asked: the question, where it is not the usual one.
    """

    style: str
    output: str
    answer: str | None
    numeric: bool
    asked: str = ""

    @property
    def question(self) -> str:
        return self.asked or (NUMBER_QUESTION if self.numeric else TEXT_QUESTION)


TEXT_ANSWERS = [
    "Paris",
    "New York City",
    "Marie Curie",
    "the Nile",
    "Ludwig van Beethoven",
    "St. Louis",
    "1969",
    "J. K. Rowling",
    "São Paulo",
    "東京",
    "Київ",
    "Animal Farm",
    "The Beatles",
    "AC/DC",
    "Washington, D.C.",
    "Star Trek: Voyager",
    "violin",
    "Jean-Paul Sartre",
    "Dr. Watson",
    "42",
    "Queen Elizabeth II",
    "Mount Etna",
    "Yes",
    "King's Lynn",
    "Henry the Eighth",
    "Old Trafford",
    "Björn Borg",
    "Chanel No. 5",
]
OTHERS = ["Lyon", "Oscar Wilde", "Mozart"]

TEXT_STYLES = [
    # alone, and with what stands around it
    "{x}",
    "{x}.",
    "  {x}\n",
    '"{x}"',
    "“{x}”",
    "**{x}**",
    "*{x}*",
    "`{x}`",
    "```\n{x}\n```",
    "# {x}",
    "- {x}",
    "{x}</s>",
    "{x}<|im_end|>",
    "{x}<|eot_id|><|start_header_id|>user",
    "{x}<|im_end|>\n<|im_start|>user\nAnd {y}?",
    "<|start_header_id|>assistant<|end_header_id|>\n\n{x}",
    "\ufeff{x}",
    "\u200b{x}\u200b",
    "__{x}__",
    "~~{y}~~ {x}",
    "{x} 🎉",
    "🎉 {x}",
    "1. {x}",
    "<b>{x}</b>",
    "(B) {x}",
    "<p>{x}</p>",
    "{x}<end_of_turn>",
    # explained, below or behind
    "{x}.\n\nExplanation: it has been so for long, not {y}.",
    "{x}\n\nThat is it.",
    "{x}\nIt was not {y}.",
    "{x}. This is well documented.",
    "{x}. It is often taken for {y}.",
    "{x}, because the sources agree on it.",
    "{x} - as the sources say.",
    "{x} (also known as {y})",
    "{x}, which is well known",
    "{x}, not {y}.",
    "{x}, but I'm not certain.",
    "{x}; {y} came later.",
    "It is {x} and not {y}.",
    "{x}\n\nNote: some sources give {y}.",
    "{x}\nConfidence: 95%",
    "Short answer: {x}.\n\nLong answer: It has been so for long.",
    # sentences
    "It is {x}.",
    "I think it is {x}.",
    "It's {x}.",
    "It was {x}.",
    "That would be {x}.",
    "I believe it's {x}.",
    "It is {x}. It is not {y}.",
    "I think that it was {x}.",
    "I'd say it is {x}.",
    "Not {y}, but {x}",
    "It is not {y}, but {x}.",
    "It is none other than {x}.",
    "The answer is actually {x}.",
    "{x} is the one.",
    "{x} is correct.",
    "The name you want is {x}.",
    "No, it is not {y}. It is {x}.",
    "The name that is asked for here is {x}.",
    'The name asked for is "{x}".',
    "{x} is the name that is asked for here.",
    "Name asked for: {x}",
    # unsure of it
    "I'm not sure, but I think it is {x}.",
    "I don't know for certain, but my best guess is {x}.",
    "I am not certain, but it could be {x}.",
    "I believe the answer is {x}, but I'm not certain.",
    "I'm not sure. My best guess is {x}.",
    "I don't know exactly, but probably {x}.",
    "My guess: {x}",
    "I'm going with {x}.",
    "Pretty sure it's {x}.",
    "It's probably {x}.",
    "If I recall correctly, it is {x}.",
    "As far as I know, it is {x}.",
    "To the best of my knowledge, it's {x}.",
    "The passages do not mention it. However, I believe it is {x}.",
    # with a source, or an opening
    "Based on the context, it is {x}.",
    "According to the passages, {x}.",
    "Most likely {x}.",
    "I'm fairly sure it's {x}.",
    "{x}, I think.",
    "{x} is the answer.",
    "{x} [1]",
    "{x} [1][3].",
    "{x} (Source: Document 2)",
    "Answer: {x} (from document 3)",
    "{x} [Document 1]",
    "{x}【1†source】",
    "Based on the context: {x}",
    "Here is the answer: {x}",
    "Sure! {x}.",
    "=> {x}",
    # labels
    "Answer: {x}",
    "A: {x}",
    "Final Answer: {x}",
    "**Answer:** {x}",
    "**Final Answer:** {x}",
    "Answer:\n\n{x}",
    "## Answer\n\n{x}",
    "Response: {x}",
    "Name: {x}",
    "Ans. {x}",
    "TL;DR: {x}",
    "It is a long story, and many get it wrong.\n\nTL;DR: {x}",
    "Antwort: {x}",
    "Réponse : {x}",
    "Réponse finale : {x}",
    "Het antwoord is {x}.",
    "정답: {x}",
    "最终答案：{x}",
    "Правильный ответ: {x}",
    "Đáp án: {x}",
    "La réponse correcte est : {x}",
    "答えは{x}です。",
    "الإجابة: {x}",
    'The answer to the question "Which name is asked for here?" is {x}.',
    "<answer>{x}</answer>",
    '{{"answer": "{x}"}}',
    '```json\n{{"answer": "{x}"}}\n```',
    '{{"reasoning": "{y} is wrong.", "answer": "{x}"}}',
    "\\boxed{{{x}}}",
    "$\\boxed{{\\text{{{x}}}}}$",
    "[ANSWER]{x}[/ANSWER]",
    '{{"answers": ["{x}"]}}',
    '{{"final answer": "{x}"}}',
    '{{"answer": {{"text": "{x}"}}}}',
    "<ans>{x}</ans>",
    "Thought: I know it.\nAction: Finish[{x}]",
    'final_answer("{x}")',
    '```python\nprint("{x}")\n```',
    "| Name of | Answer |\n|---|---|\n| the one | {x} |",
    "答案是{x}。",
    "The answer is: {x}",
    "The correct answer is {x}.",
    "Answer (in short): {x}",
    "Based on the passages, the answer would be {x}.",
    "The answer to the question is {x}.",
    "Sure! The answer is {x}.",
    "Sure, here it is:\n{x}",
    "Let me think.\n{x}",
    "Hmm.\n\n{x}",
    "Okay, let's see.\n{x}",
    # reasoning
    "One might say {y}, but the dates do not agree.\nAnswer: {x}",
    "First came {y}, and then the other.\nSo the answer is {x}.",
    "The book was written in 1869.\nIts author had moved there.\nTherefore, {x}.",
    "{y} was born too late.\n\n**Final Answer:** {x}",
    "Step 1: {y} was too young.\nStep 2: it is {x}",
    "It can be found in old letters. Thus, it is {x}.",
    "The letters were found in 1869.\n#### {x}",
    "We know that {y} died before. Hence the answer must be {x}.",
    "The letters name two towns.\nOnly one has a port.\n\n{x}",
    # corrected
    "Answer: {y}\nWait, no. Answer: {x}",
    "{y}. Wait, no: it is {x}.",
    "{y}? No, {x}.",
    "Answer: {y}. Actually, it is {x}.",
    "Many people think it is {y}, but it is actually {x}.",
    "Contrary to what many say, it is not {y} but {x}.",
    "The answer is {y}. Wait, that is wrong. The answer is {x}.",
    # thinking
    "<think>\n{y}? No.\n</think>\n\n{x}",
    "{y}? No.\n</think>\n{x}",
    "<thinking>Maybe {y}?</thinking>\n{x}",
    "<seed:think>Maybe {y}?</seed:think>{x}",
    "◁think▷Maybe {y}?◁/think▷{x}",
    "[THINK]Maybe {y}?[/THINK]{x}",
    "<reasoning>Maybe {y}?</reasoning>\n{x}",
    "<|channel|>analysis<|message|>{y}?<|end|><|start|>assistant<|channel|>final<|message|>{x}",
    # goes on
    "{x} Question: And then? Answer: {y}",
    "{x}\n\nQuestion: And then?\nAnswer: {y}",
    "Answer: {x}\nQ: And then?\nA: {y}",
    "{x}\nUser: And then?\nAssistant: {y}",
    "{x}\n\n### Instruction:\nName {y}.\n\n### Response:\n{y}",
    "Which name is asked for here?\n{x}",
    "Question: Which name is asked for here?\nAnswer: {x}",
]

REFUSALS = [
    "N/A",
    "Unknown",
    "None",
    "No answer.",
    "Unknown.",
    "Answer: N/A",
    "Answer: unknown",
    "The answer is not known.",
    "I don't know.",
    "I'm not sure.",
    "I cannot answer that.",
    "Not enough information.",
    '{"answer": null}',
    "The answer is not mentioned in the passages.",
    "Answer: none",
    "<answer>unknown</answer>",
    "There is no mention of it in the passages. Passage 2 speaks of Lyon, though.",
    "I would need more context to answer this.",
    "No relevant information was found.",
    "I lack the information to answer.",
    "We can't determine that from the text.",
    "It's unclear.",
    "There isn't enough information to say.",
    "Could you please provide more context?",
    "Ich weiß es nicht.",
    "Je ne sais pas.",
    "No lo sé.",
    "我不知道。",
]

_YES_NO = "Is the Nile longer than the Amazon?"
SPECIAL_TEXTS = [
    # questions for yes or no
    (_YES_NO, "Yes, the Nile is longer than the Amazon.", "Yes"),
    (_YES_NO, "No, the Nile is not longer.", "No"),
    (_YES_NO, "**Yes**, it is longer.", "Yes"),
    (_YES_NO, "Let me think. One has 6,650 km, the other 6,400 km. Yes, the Nile is longer.", "Yes"),
    (_YES_NO, "Based on the context, no, it isn't.", "no"),
    (_YES_NO, "Final Answer: Yes, it is.", "Yes"),
    (_YES_NO, "I believe so, yes.", "yes"),
    ("Which band is it?", "Yes, Minister", "Yes, Minister"),
    # sentences in the words of the question
    ("Who painted the Mona Lisa?", "Leonardo da Vinci painted the Mona Lisa.", "Leonardo da Vinci"),
    ("Who painted the Mona Lisa?", "The Mona Lisa was painted by Leonardo da Vinci.", "Leonardo da Vinci"),
    ("Who wrote Hamlet?", "Hamlet was written by William Shakespeare.", "William Shakespeare"),
    ("When was Einstein born?", "Einstein was born on March 14, 1879.", "March 14, 1879"),
    ("Where was Chopin born?", "He was born in Żelazowa Wola.", "Żelazowa Wola"),
    ("Where is it?", "It is in Paris, France.", "Paris, France"),
    ("Who is the CEO of Apple?", "Tim Cook is the CEO of Apple.", "Tim Cook"),
    ("Which band is it?", "The band is Yes.", "Yes"),
    ("Which river flows through Paris?", "The Seine flows through Paris.", "The Seine"),
    ("What is the largest planet?", "The largest planet is Jupiter, with a mass of 318 Earths.", "Jupiter"),
    ("Which song is it?", 'The song is "I Don\'t Know How to Love Him".', "I Don't Know How to Love Him"),
    ("What is the capital of Australia?", "Sydney is not its capital.", "Sydney is not its capital"),
    # names that look like something else
    ("Which song is it?", "Answer: Amazing Grace\n\nCorrection: It Is Well", "It Is Well"),
    ("Which song is it?", "Not Amazing Grace but It Is Well.", "It Is Well"),
    ("Who wrote it?", "Not C. S. Lewis but J. R. R. Tolkien.", "J. R. R. Tolkien"),
    ("Which play is it?", "Who's Afraid of Virginia Woolf?", "Who's Afraid of Virginia Woolf?"),
    ("Which film is it?", "O Brother, Where Art Thou?", "O Brother, Where Art Thou?"),
    ("Which book is it?", "Are You There God? It's Me, Margaret.", "Are You There God? It's Me, Margaret"),
    ("Which revue is it?", "Oh! Calcutta!", "Oh! Calcutta!"),
    ("Which firm is it?", "Yahoo! Inc.", "Yahoo! Inc"),
    ("Which firm is it?", "AT&amp;T", "AT&T"),
    ("Which film is it?", "Sorry, Wrong Number", "Sorry, Wrong Number"),
    ("Which work is it?", "Symphony No. 9 in D minor, Op. 125", "Symphony No. 9 in D minor, Op. 125"),
    ("Which city is it?", "Perhaps Paris?", "Paris"),
    ("Which city is it?", "Hmm, Paris?", "Paris"),
    ("Which city is it?", "Which country do you mean?", None),
]


def _fill(style: str, x: str, y: str) -> str:
    # Nobody writes two full stops behind an abbreviation.
    return style.format(x=x.removesuffix(".") if "{x}." in style else x, y=y)


def corpus() -> Iterator[Sample]:
    """Yield all outputs, in a fixed order."""
    for style in TEXT_STYLES:
        for place, answer in enumerate(TEXT_ANSWERS):
            yield Sample(style, _fill(style, answer, OTHERS[place % len(OTHERS)]), answer, numeric=False)
    for style in NUMBER_STYLES:
        for number in NUMBERS:
            shown = f"{float(number):,.10g}" if "." in number else f"{int(number):,}"
            yield Sample(style, _fill(style, shown, "13"), number, numeric=True)
    for refusal in REFUSALS:
        yield Sample(refusal, refusal, None, numeric=False)
    for question, output, said in SPECIAL_TEXTS:
        yield Sample(output, output, said, numeric=False, asked=question)
    for output, read in SPECIAL_NUMBERS:
        yield Sample(output, output, read, numeric=True)
