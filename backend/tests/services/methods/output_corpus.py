"""Outputs in the styles that models write, each with the answer that a person would read in it.

The styles are written once, with ``{x}`` for the right answer and ``{y}`` for another one, and filled with
many answers: several thousand outputs, the same ones each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

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
    """

    style: str
    output: str
    answer: str | None
    numeric: bool

    @property
    def question(self) -> str:
        return NUMBER_QUESTION if self.numeric else TEXT_QUESTION


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
    # unsure of it
    "I'm not sure, but I think it is {x}.",
    "I don't know for certain, but my best guess is {x}.",
    "I am not certain, but it could be {x}.",
    "I believe the answer is {x}, but I'm not certain.",
    "I'm not sure. My best guess is {x}.",
    "The passages do not mention it. However, I believe it is {x}.",
    # with a source, or an opening
    "Based on the context, it is {x}.",
    "According to the passages, {x}.",
    "Most likely {x}.",
    "I'm fairly sure it's {x}.",
    "{x}, I think.",
    "{x} is the answer.",
    "{x} [1]",
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
    "Antwort: {x}",
    "Réponse : {x}",
    "<answer>{x}</answer>",
    '{{"answer": "{x}"}}',
    '```json\n{{"answer": "{x}"}}\n```',
    '{{"reasoning": "{y} is wrong.", "answer": "{x}"}}',
    "\\boxed{{{x}}}",
    "$\\boxed{{\\text{{{x}}}}}$",
    "[ANSWER]{x}[/ANSWER]",
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
    "The answer is {y}. Wait, that is wrong. The answer is {x}.",
    # thinking
    "<think>\n{y}? No.\n</think>\n\n{x}",
    "{y}? No.\n</think>\n{x}",
    "<thinking>Maybe {y}?</thinking>\n{x}",
    "◁think▷Maybe {y}?◁/think▷{x}",
    "[THINK]Maybe {y}?[/THINK]{x}",
    "<reasoning>Maybe {y}?</reasoning>\n{x}",
    "<|channel|>analysis<|message|>{y}?<|end|><|start|>assistant<|channel|>final<|message|>{x}",
    # goes on
    "{x} Question: And then? Answer: {y}",
    "{x}\n\nQuestion: And then?\nAnswer: {y}",
    "Answer: {x}\nQ: And then?\nA: {y}",
    "{x}\nUser: And then?\nAssistant: {y}",
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
]

NUMBERS = [
    "5",
    "36",
    "350",
    "188",
    "18",
    "1200",
    "12",
    "200",
    "48",
    "17000",
    "160",
    "72",
    "1000",
    "64",
    "125000",
    "-4",
    "-30",
    "0",
    "7",
    "99",
    "2450",
    "31",
    "12.5",
    "0.75",
    "1000000",
]

NUMBER_STYLES = [
    "{x}",
    "{x}.",
    "${x}",
    "{x}%",
    "{x} apples",
    "€{x}",
    "{x} kg",
    "{x} km/h",
    "{x} m²",
    "{x}/-",
    "**{x}**",
    "({x})",
    "{x}\n\nExplanation: There are 6 bags of 8 apples.",
    "{x} apples. This is 3 more than before.",
    "{x} 🎉",
    "{x}</s>",
    "#### {x}",
    "We add 3 and 4.\n#### ${x}",
    "\\boxed{{{x}}}",
    "$\\boxed{{{x}\\%}}$",
    "\\boxed{{{x} \\text{{ apples}}}}",
    "Answer: {x}",
    "Answer: ${x} in all",
    "**Final Answer:** {x} apples in 6 bags.",
    "Answer: about {x}",
    "Answer: x = {x}",
    "The answer is {x}.",
    "The answer is {x}. Note: 3 steps.",
    "So the answer is {x} apples, as 6 times 8 makes it.",
    "6 * 8 = 40. No.\nAnswer: {x}",
    "Answer: 3 * 4 = {x} apples",
    "There are 6 bags. Therefore, there are {x} apples.",
    "Answer: 2 people get {x} each",
    "Answer: She has {x} left after 9 days",
    "The answer is that 6 bags hold {x}",
    "So she makes {x} dollars in 9 days.",
    "There are 6 bags. They need **{x}** of them for 3 days.",
    "The answer is this: the total is {x}, not 20",
    "So the total is {x}, not 21.",
    "Therefore it costs ${x} per week for 3 children.",
    "First 3 * 4 = 12. So the crate holds 12 + 1 = {x} apples.",
    "<think>Maybe 13?</think>\n{x}",
    '{{"answer": {x}}}',
    '{{"answer": "{x}"}}',
    "<answer>{x}</answer>",
    "Answer: 13\nWait, no. Answer: {x}",
    "The answer is 13. Wait, that is wrong. The answer is {x}.",
    "Let me think.\n{x}",
    "Answer: {x}\n\nQuestion: What is 2 + 2?\nAnswer: 4",
    "There are 6 bags.\nThe crate holds 6 * 8 = {x} apples.",
    "1. Count the bags: 6\n2. Multiply by 8: {x}",
    "It is {x}.",
    "That would be {x} apples.",
]

SPECIAL_NUMBERS = [
    ("The answer is –4.", "-4"),
    ("The answer is −4.", "-4"),
    ("Answer: –$4", "-4"),
    ("12 or 18", None),
    ("10-15", None),
    ("Answer: 10–15", None),
    ("between 5 and 7", None),
    ("Answer: between 5 and 7", None),
    ("The answer is 5 to 7.", None),
    ("20 hours and 30 minutes", None),
    ("Answer: $30 less, i.e. -30", None),
    ("120 1/2", "120.5"),
    ("Answer: 120½", "120.5"),
    ("\\boxed{\\frac{320}{2}}", "160"),
    ("\\boxed{\\dfrac{1}{3}}", "1/3"),
    ("300/2", "150"),
    ("1/2", "0.5"),
    ("1.54e4", "15400"),
    ("0.05 × 10^3", "50"),
    ("$0.05 \\times 10^{3}$", "50"),
    ("0.05 thousand", "50"),
    ("17k", "17000"),
    ("1.5 million", "1500000"),
    ("Rs.50", "50"),
    ("Rs. 50", "50"),
    ("forty-eight", "48"),
    ("Answer: one hundred and twenty apples", "120"),
    ("1\u202f200", "1200"),
    ("1\u00a0200", "1200"),
    ("1\u2009234\u2009567", "1234567"),
    ("1.200,00", "1200"),
    ("12,50 €", "12.50"),
    ("3,5", "3.5"),
    ("1'000", "1000"),
    ("1,00,000", "100000"),
    ("007", "7"),
    ("+7", "7"),
    ("5.50", "5.50"),
    (".5", "0.5"),
    ("12.0", "12"),
    ("$1,200.00", "1200"),
    ("\\boxed{500{,}000}", "500000"),
    ("\\$20", "20"),
    ("(3.14)", "3.14"),
    ("3:30", None),
    ("Answer: 18\nAnswer: 20", "20"),
    ("The answer is 12 or 18.", None),
    ("Answer: 3/4/2020", None),
    ("Answer: 5 ± 1", None),
    ("Answer: 1,2,3", None),
    ("She earned 10 on Monday and 20 on Tuesday.", None),
    ("Answer: 20 feet 6 inches", None),
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
    for output, read in SPECIAL_NUMBERS:
        yield Sample(output, output, read, numeric=True)
