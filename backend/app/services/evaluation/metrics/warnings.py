"""What makes a result less reliable, said once for the whole experiment."""

from app.domain.metrics import Metrics
from app.domain.run import LEFT_OUT

_SENTENCES = {
    "cut_off_thinking": "{n} of {all} runs were cut off while the model was thinking: raise max_tokens.",
    "prompt_cut": "In {n} of {all} runs the server read less of the prompt than was sent: its context window "
    "is smaller than the prompt. Give the server a larger one, or send fewer or shorter passages.",
    "window_full": "In {n} of {all} runs prompt and answer filled the server's context window, so that it "
    "may have cut the prompt: give the server a larger one, or send fewer or shorter passages.",
    LEFT_OUT + "stream": "The time to the first token was not measured in {n} of {all} runs: the server does "
    "not stream its answers, or not with token counts.",
}

_LEFT_OUT = "{name} was left out in {n} of {all} runs: the model refuses it."


def warnings_of(metrics: Metrics) -> list[str]:
    """Return the warnings of a result as sentences, those that concern most runs first."""
    found = sorted(metrics.warnings.items(), key=lambda one: -one[1])
    sentences = [(_SENTENCES.get(kind, ""), kind.removeprefix(LEFT_OUT), n) for kind, n in found]
    total = f"{metrics.counts.stored:,}"
    return [
        (sentence or _LEFT_OUT).format(n=f"{n:,}", all=total, name=name) for sentence, name, n in sentences
    ]
