"""The answer is brief: at most three words.

A scorer of one's own; docs/how-to/score-again.md says how such files are made.
"""

NAME = "brief"
VERSION = 1  # raise it whenever the score of any answer changes
LABEL = "Brief"
KIND = "binary"  # 0 or 1; "graded" for anything between

MOST_WORDS = 3


def score(sample):
    """Return the score and the reason; None for the score if there is nothing to say."""
    if sample.answer is None:
        return None, "no answer"
    words = len(sample.answer.split())
    return words <= MOST_WORDS, f"{words} words"
