"""Text patterns that the answer parsers share: words, sentences, markup, refusals."""

import re

MAX_ANSWER_WORDS = 50
"""Words of a short answer, at most; of a longer one only the first sentence is taken."""
REFUSAL_WITHIN = 160
"""A refusal is looked for in this many characters of the first sentence."""

WORD = re.compile(r"[^\W_]+")
DECORATION = re.compile(r"^[ \t]*(?:#+|[-*•–])[ \t]+|^[ \t]*```\w*[ \t]*$|<\|\w+\|>|</s>", re.MULTILINE)
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
# Quoted text (she sang "I can't wait") is not a refusal by the model.
REFUSAL = re.compile(
    r"""(?<!["'“‘(])(?:
      \b[Ii]\ (?:do\ not|don['’]?t|did\ not|didn['’]t)\ (?:know|have|understand|remember|recall)\b
    | \b[Ii](?:['’]?m|\ am)\ (?:\w+\ )?(?:sorry|unable|afraid|not\ (?:\w+\ )?(?:sure|certain|able|aware))\b
    | \b[Ii]\ (?:can\ ?not|can['’]?t|could\ not|couldn['’]t|won['’]t|will\ not|was\ unable|must\ decline)\b
    | \b[Ii]\ (?:have\ no\ (?:idea|information|knowledge|access)|apologi[sz]e)\b
    | \b[Aa]s\ an?\ (?:AI|(?:large\ )?language\ model)\b[^,]*,\ (?:I|my)\b(?!\ (?:can|think|believe|know)\b)
    | ^[Ss]orry(?:[,!.]|\ but\b|\ I\b)
    | \b[Uu]nable\ to\ (?:answer|determine)\b
    | \b[Ii]t(?:\ is|['’]s)\ (?:impossible|not\ possible)\ to\ (?:answer|determine|know|say|tell)\b
    | (?:^|\b(?:[Ii]t|[Tt]his|answer|question)\ )[Cc]an(?:\ ?not|['’]t)\ be\ (?:answered|determined)\b
    | \b(?:[Nn]ot\ enough|[Ii]nsufficient|[Nn]o)\ information
      (?:\ (?:is|was|in|on|about|to|given|provided|available)\b|[.]?$)
    )""",
    re.VERBOSE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\b\w\.)(?<!\b(?:Dr|Mr|Ms|St|Jr)\.)(?<!\bMrs\.)\s+")
_FULL_STOPS = ".…。．।"
_INITIALS = re.compile(r"\.[^\W\d_]\.$")
WRAPPING = "\"'`*_“”„‘’«»「」『』 \t"
_DOUBLE_QUOTES = frozenset('"“”„«»')


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, numbers included."""
    return [word.lower() for word in WORD.findall(text)]


def unwrap(text: str) -> str:
    """Return an answer without surrounding quotation marks, emphasis and final full stop."""
    text = _without_full_stop(text.strip())
    inner = _without_full_stop(text.strip(WRAPPING))
    # Quotation marks inside an answer (the song "Yesterday") are a part of it.
    return text if _DOUBLE_QUOTES & set(inner) else inner


def _without_full_stop(text: str) -> str:
    # "U.S.A." keeps its last full stop.
    return text if _INITIALS.search(text) else text.rstrip(_FULL_STOPS).rstrip()
