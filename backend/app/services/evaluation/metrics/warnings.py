"""What makes a result less reliable, said once for the whole experiment."""

from app.domain.metrics import Metrics

_SENTENCES = {
    "cut_off_thinking": "{n} of {all} runs were cut off while the model was thinking: raise max_tokens.",
    "prompt_cut": "In {n} of {all} runs the server read less of the prompt than was sent: its context window "
    "is smaller than the prompt. Give the server a larger one, or send fewer or shorter passages.",
    "window_full": "In {n} of {all} runs prompt and answer filled the server's context window, so that it "
    "may have cut the prompt: give the server a larger one, or send fewer or shorter passages.",
}


def warnings_of(metrics: Metrics) -> list[str]:
    """Return the warnings of a result as sentences, those that concern most runs first."""
    found = sorted(metrics.warnings.items(), key=lambda one: -one[1])
    return [
        _SENTENCES[kind].format(n=f"{n:,}", all=f"{metrics.counts.stored:,}")
        for kind, n in found
        if kind in _SENTENCES
    ]
