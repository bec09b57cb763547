"""What people say of answers: their labels, what several of them say together, and in which order they look.

The order is random, and the same for everybody and for all experiments on the same questions: the answers
that have been labelled from its beginning on are a random sample of all, and several people's labels are of
the same answers.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Literal

Verdict = Literal["right", "wrong", "unclear"]


def consensus(verdicts: Iterable[Verdict]) -> Verdict:
    """Return what most say: right or wrong; ``unclear`` if as many say the one as the other, or neither."""
    counts = Counter(verdicts)
    if counts["right"] == counts["wrong"]:
        return "unclear"
    return "right" if counts["right"] > counts["wrong"] else "wrong"


def random_place(content_hash: str, repeat: int, copy: int) -> str:
    """Return what answers are sorted by to be in random order: a hash of the question and the repeat."""
    return hashlib.sha256(f"label {content_hash} {repeat} {copy}".encode()).hexdigest()
