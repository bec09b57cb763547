"""Text patterns that the modules of the answer reader share: words, sentences, markup, refusals."""

import re

MAX_ANSWER_WORDS = 50
"""Words of a short answer, at most; of a longer one only the first sentence is taken."""
REFUSAL_WITHIN = 160
"""A refusal is looked for in this many characters of the first sentence."""

WORD = re.compile(r"[^\W_]+")
DECORATION = re.compile(r"^[ \t]*(?:#+|[-*•–])[ \t]+|^[ \t]*```\w*[ \t]*$|<\|\w+\|>|</s>", re.MULTILINE)
BOLD = re.compile(r"\*\*([^*\n]+)\*\*|(?<!\w)__([^_\n]+)__(?!\w)")
# Quoted text (she sang "I can't wait") is not a refusal by the model.
REFUSAL = re.compile(
    r"""(?<!["'“‘(])(?:
      \b[Ii]\ (?:do\ not|don['’]?t|did\ not|didn['’]t)\ (?:know|have|understand|remember|recall)\b
    | \b[Ii](?:['’]?m|\ am)\ (?:\w+\ )?(?:sorry|unable|afraid|not\ (?:\w+\ )?(?:sure|certain|able|aware))\b
    | \b[Ii]\ (?:can\ ?not|can['’]?t|could\ not|couldn['’]t|won['’]t|will\ not|was\ unable|must\ decline)\b
    | \b[Ii]\ (?:(?:have\ no|lack(?:\ the)?)\ (?:idea|clue|information|knowledge|access)|apologi[sz]e)\b
    | \b[Ww]e\ can(?:\ ?not|['’]?t)\ (?:determine|know|say|tell|answer)\b
    | \b[Aa]s\ an?\ (?:AI|(?:large\ )?language\ model)\b[^,]*,\ (?:I|my)\b(?!\ (?:can|think|believe|know)\b)
    | ^[Ss]orry(?:[!.]|,(?!\ [A-HJ-Z][a-z]+\ [A-Z])|\ but\b|\ I\b)
    | \b[Uu]nable\ to\ (?:answer|determine)\b
    | \b[Ii]t(?:\ is|['’]s)\ (?:impossible|not\ possible)\ to\ (?:answer|determine|know|say|tell)\b
    | (?:^|\b(?:[Ii]t|[Tt]his|answer|question)\ )[Cc]an(?:\ ?not|['’]t)\ be\ (?:answered|determined)\b
    | \b(?:passages?|context|texts?|documents?|articles?|information|question|sources?)
      (?:\ (?:provided|given))?\ (?:do|does|did)(?:\ not|n['’]t)
      \ (?:mention|contain|say|state|specify|provide|include|give|tell|answer|name|indicate)\b
    | \b(?:is|are|was|were)\ not\ (?:mentioned|specified|stated|provided|given|named)\ (?:in|by|anywhere)\b
    | \b(?:[Nn][o'’]t\ enough|[Ii]sn['’]t\ enough|[Ii]nsufficient|[Nn]o(?:\ relevant)?)\ information
      (?:\ (?:is|was|in|on|about|to|given|provided|available)\b|[.]?$)
    | \b(?:[Tt]here\ (?:is|was)|(?:text|context|passages?|documents?)\ (?:make|give)s?)
      \ no\ (?:\w+\ )?(?:mention|reference|indication|record)\b
    | \b[Ii]\ (?:would\ |['’]?d\ )?need\ (?:more|additional|further|some)\b
    | \b(?:[Cc]ould|[Cc]an|[Ww]ould)\ you\ (?:please\ )?(?:provide|clarify|specify|share|give|tell)\b
    )""",
    re.VERBOSE,
)
NO_ANSWER = re.compile(
    r"(?:(?:the answer is|it(?:['’]s| is)) )?(?:n/a|(?-i:NA|na)|none|undefined|no (?:idea|clue|information"
    r"|info)|not sure"
    r"|nobody knows|can(?:not|'t|’t) say"
    r"|there is no (?:answer|information)(?: .{1,60})?|null|unknown|unclear|undetermined|unanswerable"
    r"|no answer"
    r"(?: (?:found|available|given|possible))?|not? (?:known|clear|available|applicable|given"
    r"|mentioned|specified"
    r"|provided|stated|certain)(?: (?:in|by|from) .{1,60})?"
    # "I do not know" in other languages
    r"|ich (?:weiß|weiss|kenne) .{0,60}nicht|je ne (?:le )?(?:sais|connais) pas.{0,60}|no (?:lo )?sé.{0,60}"
    r"|non (?:lo )?so.{0,60}|não sei.{0,60}|(?:ik )?weet (?:ik )?het niet|я не знаю.{0,60}|не знаю"
    r"|(?:对不起，|抱歉，)?(?:我)?(?:不知道|不清楚|不确定|无法(?:确定|回答)).{0,40}|(?:わかり|分かり)ません|모르겠습니다)",
    re.IGNORECASE,
)
"""A whole answer that says there is none."""
SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b[^\W\d_]\.)(?<!^1\.)(?<!\b(?:Dr|Mr|Ms|St|Jr|Sr|Lt|Mt|Ft|Co|vs|Rs|PP)\.)"
    r"(?<!\b(?:Mrs|Sgt|Gen|Col|Rev|Inc|Ltd|Adm|Gov|Sen|Rep|Hon|Maj)\.)(?<!\b(?:Capt|Prof|Corp|Bros)\.)"
    r"(?<!\b(?:No|Op)\.(?=\s\d))(?<!\b(?:Vol|Art|Fig|Nos)\.(?=\s\d))\s+(?![a-z\s–—-])|(?<=[。！？])"
    r"|(?<=\.)\s+(?=(?:It|This|These|They|He|She)\s(?:is|was|are|were)\b)"
)
_OTHER_FULL_STOPS = "…。．।،؛、，"
_FULL_STOPS = f".{_OTHER_FULL_STOPS}"
_INITIALS = re.compile(r"\.[^\W\d_]\.$")
WRAPPING = "\"'`*_“”„‘’«»「」『』 \t"
_IN_LIST = re.compile(r"^\[\s*[\"']([^\"\]]+)[\"']\s*\]$")
_DOUBLE_QUOTES = frozenset('"“”„«»')
_PICTURE = "\u231a-\u23ff\u25a0-\u266c\u2670-\u27bf\u2b00-\u2bff\ufe0f\u200d\U0001f000-\U0001faff"
_PICTURES_AROUND = re.compile(rf"^[\s{_PICTURE}]+|[\s{_PICTURE}]+$")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, numbers included."""
    if text.isascii():
        return WORD.findall(text.lower())
    return [word.lower() for word in WORD.findall(text)]


def has_words(text: str) -> bool:
    """Return whether a text holds a word or a number."""
    return WORD.search(text) is not None


def sentences(line: str) -> list[str]:
    """Return the sentences of a line that have words."""
    return [part.strip() for part in SENTENCE_END.split(line) if has_words(part)]


def unwrap(text: str) -> str:
    """Return an answer without surrounding quotation marks, emphasis, emoji and final full stop."""
    text = _without_full_stop(_without_pictures(text.strip()))
    text = _IN_LIST.sub(r"\1", text)
    inner = _without_full_stop(_without_pictures(text.strip(WRAPPING)))
    # Quotation marks inside an answer (the song "Yesterday") are a part of it.
    return text if _DOUBLE_QUOTES & set(inner) else inner


def _without_pictures(text: str) -> str:
    return text if text.isascii() else _PICTURES_AROUND.sub("", text)


def _without_full_stop(text: str) -> str:
    # "U.S.A." keeps its last full stop.
    text = text.rstrip(_OTHER_FULL_STOPS)
    return text if _INITIALS.search(text) else text.rstrip(_FULL_STOPS).rstrip()
