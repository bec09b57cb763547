"""Reading a short answer out of a sentence: what comes before and behind it is taken away."""

import re

from app.services.methods.text_patterns import DECORATION, WORD, has_words, sentences, unwrap, words

_MAX_BARE_WORDS = 10
_LATEX_TEXT = re.compile(r"\\(?:text|mathrm|mathbf|textbf|textit|mathit)\s{0,3}\{([^{}]*)\}")
_LATEX_MARKS = re.compile(
    r"\\[()\[\],;!]|\\(?=[$%&])|\\(?:left|right|quad)(?![a-z])|\$\$|\{(?=,\})|(?<=\{,)\}"
)
_IN_DOLLARS = re.compile(r"^\$([^$]+)\$\.?$")
_STEP = re.compile(
    r"^\s*(?:option\s+[A-E]\s*[:.)-]\s*|(?:[=-]>|[→⇒]|>+)\s*|step\s*\d+\s*[:.)-]\s*|\([A-Ea-e]\)\s+"
    r"|[A-E]\)\s+)",
    re.IGNORECASE,
)
# "1. FC Köln" is a name: the first football club of its town.
_FIRST_OF_LIST = re.compile(r"^\s*1[.)]\s+(?!F\.?C\b)(?=\S)")
_LIST_NUMBER = re.compile(r"^\s*\d{1,3}[.)]\s+(?=\S)")
_KIND_LABEL = re.compile(
    r"^\s*(?:(?:the )?(?:full )?(?:name|person|place|location|city|country|year|date|entity|response"
    r"|result|reply|output|solution|option|(?:my )?(?:best )?guess|one word|in (?:short|a word)|tl;?dr"
    r"|ans))\s*:\s*|^\s*ans\.\s+",
    re.IGNORECASE,
)
_LABEL_OF_THE_QUESTION = re.compile(r"^\s*([^\W\d_]+(?: [^\W_]+){0,7})\s*:\s+")
_AMBIGUOUS = r"(?!(?:Always|Not|Only|My|Now|All|Still|Over|Gonna|Too|Never|Just|Raining|Late)\b|an? [A-Z])"
# Case matters: titles ("It Is Well", "This Is Spinal Tap") are capitalised, speech is not.
_LEAD_IN = re.compile(
    r"^\s*(?:(?:[Ss]o|[Ww]ell|[Tt]hen|[Tt]herefore|[Tt]hus|[Hh]ence|[Yy]es|[Oo]h|[Aa]h|[Hh]mm+"
    r"|[Ss]ure|[Oo]kay|[Oo][Kk]),? )?"
    r"(?:I(?:['’]d| would)? (?:think|believe|guess|say|suspect|suppose|conclude)(?: that)? "
    r"|I(?:['’]m| am) (?:fairly|pretty|quite|almost|very|rather)? ?(?:sure|confident|certain"
    r"|positive)(?: that)? "
    r"|(?:[Tt]his|[Tt]hat|[Ww]hich) means(?: that)? )?"
    r"(?:(?:(?:[Ii]t|[Tt]hat|[Tt]his|[Hh]e|[Ss]he|[Tt]hey|[Tt]hese|[Tt]hose) )?"
    r"(?:(?:would|[Mm]ust|should|could|might|may|will|has to|have to)(?: have)? (?:be|been)(?= ))"
    r"|(?:[Ii]t|[Tt]hat|[Tt]his|[Hh]e|[Ss]he|[Tt]hey|[Tt]hese|[Tt]hose) (?:is|was|are|were)(?=[ :])"
    rf"|[Ii]t['’]s (?={_AMBIGUOUS})|[Tt]hat['’]s (?=.*\.\s*$)|(?:[Ii]t|[Tt]hat)['’]d be(?= )"
    r"|(?:[Tt]hat|[Tt]his|[Ww]hich) (?:gives|makes it|leaves)(?= )|[Tt]hey call it(?= )"
    r"|(?:[^,.]{0,40} )?[Yy]ou(?:(?:['’]re| are) (?:looking for|after)|(?: want| need"
    r"| asked for)(?= is))(?: is)?(?=[ :]))"
    r"(?: ?\b(?:probably|likely|most likely|actually|definitely|certainly|indeed|called|named|known as"
    r"|none other than|in fact)\b)?:? *"
)
_SOURCE = re.compile(
    r"^\s*(?:(?:[Bb]ased on|[Aa]ccording to|[Aa]s (?:per|stated in)|[Ff]rom (?:the|my)) [^,:]{1,80}[,:] ?"
    r"|(?:[Ii]f I (?:recall|remember)|[Aa]s far as I|[Tt]o (?:the best of )?my knowledge|[Ii]n my opinion"
    r"|[Cc]ontrary to|[Oo]ff the top of|[Ff]rom memory|[Ii]n (?:short|other words|a word)|[Ss]imply put"
    r"|[Tt]o be (?:precise|exact|specific|clear))\b[^,:]{0,60}, )"
)
_SO_YES = re.compile(r"^.*,\s(?:so|therefore|thus|hence),? (?:the answer is )?(yes|no)\W*$", re.IGNORECASE)
_THINK = re.compile(
    r"^\s*(?:I(?:['’]d| would|['’]ll)? (?:have to )?(?:think|believe|guess|say|suspect|go with|pick"
    r"|choose|answer)(?: that)?:? "
    r"|I(?:['’]m| am|['’]ll| will) (?:going|go) with "
    r"|(?:[Pp]retty|[Ff]airly|[Qq]uite|[Aa]lmost) (?:sure|certain)(?: that)? (?:it(?:['’]s| is"
    r"| was) |(?=[^\Wa-z_]))"
    r"|[Ii]t['’]s (?:probably|likely|most likely|possibly|definitely|certainly|actually) (?=[^\Wa-z_])"
    r"|[Mm]ost likely,? |(?:[Dd]efinitely|[Cc]ertainly|[Pp]robably|[Pp]resumably|[Pp]ossibly"
    r"|[Pp]erhaps|[Mm]aybe),? (?=[^\Wa-z_])"
    r"|[^:]{1,80}\b(?:is|was|are): |[Hh]ere(?:['’]s| is)\b[^:]{0,60}: "
    r"|(?:[Ss]ure|[Cc]ertainly|[Oo]f course|[Oo]kay|[Hh]mm+)[,!.…]+ )"
)
_NOT_BUT = re.compile(
    r"^\s*(?:no, )?(?:(?:it|that) (?:is|was) not|it['’]s not|(?:(?:it|that) )?(?:isn|wasn)['’]t"
    r"|not) (?:[^,.;]|(?<=\b[a-z])\.){1,60}?"
    r"(?:,? but (?:rather |instead )?(?-i:it(?:['’]s| is| was) )?|[,;] (?:it|that)(?:['’]s| is| was) )",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:\s?\[(?:(?:[Dd]ocument|[Dd]oc|[Pp]assage|[Ss]ource) )?\^?\d{1,3}(?:,\s?\d{1,3})*\]"
    r"|\s?【[^】]{1,40}】)+\W*$|,?\s(?:because|since|rather than|instead of|as of"
    r"|and not)\s.*"
    r"|,\s(?:I (?:think|believe|guess|suppose)|if I|probably|most likely|perhaps|in my opinion)\b.*"
    r"|\s(?:is|was|would be) (?:the|my) (?:(?:final |best |correct |right )?(?:answer|guess)\b"
    r"|one[.!]*$).*|\s(?:is (?:correct|right)|it is)[.!]*$"
    r"|,\s(?:as|which|who|where|whose|though|although|so|but I|but this|but it['’]s|not|with an?)\b.*"
    r"|\s[-–—]+\s(?:as|because|since|which|who|he|she|it|this|that|they|the|a|an|not)\b.*"
    r"|\s\((?:[Ss]ources?|[Nn]ote|[Cc]onfidence|[Dd]ocuments?|[Pp]assages?|[Ss]ee|[Rr]ef"
    r"|\d{1,3} ?%|also|aka|a\.k\.a\.?|formerly|originally|better|commonly|sometimes|often|known|i\.e\."
    r"|e\.g\.|not|as|I|from)\b[^()]*\)(?=\W*$|\s*[,;–—-])"
    r"|;\s(?!and\b|or\b).*|\s\((?:I['’]m|I am|but|though|because|since)\b.*",
)
_REMARK = re.compile(
    r"\s*\(?(?:confidence|certainty|sources?|references?|citations?|note|check|verification|explanation|rationale"
    r"|justification)\b[^:]{0,20}:",
    re.IGNORECASE,
)
_RESERVATION = re.compile(r"(,?\s\(?(?:but|though|although)\s(?=I\b|I['’]))")
_HEDGE = re.compile(
    r"\s*(?:[Pp]erhaps|[Mm]aybe|[Pp]ossibly|[Hh]mm+|[Uu]h+|[Uu]m+|[Ii]s it"
    r"|[Cc]ould it be)[,.…]* (?=[^\Wa-z_])"
)
_SMALL_IN_TITLES = frozenset(words("a an the of and in on at to for with or from by s t is"))
_ASKS = re.compile(
    r"\s*(?:(?:[Ww]hat|[Ww]ho|[Ww]hich|[Ww]hen|[Ww]here|[Ww]hy|[Hh]ow) (?:is|was|are|were|do|does"
    r"|did)\b|(?:Not|Sure|Certainly|Okay|Yes|Well|Great|Answer)\b)|.*[.!?] Not\b"
)
_SENTENCE_WORDS = re.compile(
    r"\b(?:is|are|am|was|were|be|been|being|has|have|had|does|do|did|can|could|will|would|should|must"
    r"|may|might|came"
    r"|comes|went|goes|lived|lives|wrote|writes|born|made|makes|became|won|played|plays|died|found"
    r"|took|takes|led"
    r"|gave|gives|said|says|know|knew|means|refers|think|need|need to|let|lies|rises|flows|began|said"
    r"|sang|held|thought|asks|mentions|shows|sits|begins|became"
    r"|(?<!-)(?!hundred)[a-z]\w+ed)\b(?!-)|^(?:(?:[Ii]dentify|[Ff]ind|[Dd]etermine|[Rr]ecall|[Cc]onsider|[Nn]ote|[Tt]hink|[Ll]ook|[Uu]nderstand"
    r"|[Aa]naly[sz]e|[Cc]heck|[Cc]alculate|[Cc]ount|[Mm]ultiply|[Aa]dd|[Ll]et|[Ss]tep)(?=:| [a-z\d])"
    r"|(?:[Ii]dentify|[Dd]etermine|[Uu]nderstand|[Aa]naly[sz]e) The"
    r"|(?:I|We|[Ll]et['’]s) [a-z]+|(?:[Ff]irst|[Nn]ext|[Tt]hen|[Ff]inally)(?=,)"
    r"|[Ii]n (?:conclusion|short|summary)|[Tt]o (?:sum|conclude)|[Oo]verall|[Tt]herefore|[Tt]hus"
    r"|[Hh]ence|[Ss]o,)\b"
)
_PREPOSITION = re.compile(
    r"^(?:in|on|at|from|by|for|with|to|not|also|located|known|it|all|so|true|correct|right|because|why|how|when|where)\b"
)


def plain(text: str) -> str:
    """Return ``text`` on one line, without markdown and LaTeX around its words."""
    text = _LATEX_MARKS.sub("", _LATEX_TEXT.sub(r"\1", DECORATION.sub(" ", text)))
    text = " ".join(text.split()).strip("|").strip()
    inner = _IN_DOLLARS.match(text)
    return inner[1] if inner else text


def first_sentence(text: str) -> str:
    """Return the first sentence with words."""
    return next(iter(sentences(text)), text)


def is_bare(text: str) -> bool:
    """Return whether a text looks like an answer alone, and not like a sentence."""
    count = len(WORD.findall(text))
    said = text.rstrip()
    return 0 < count <= _MAX_BARE_WORDS and not _SENTENCE_WORDS.search(said) and not said.endswith((":", "?"))


def without_list_number(text: str) -> str:
    """Return a line without the "1." of a list, the name of an option, or of a step before it."""
    return _STEP.sub("", _FIRST_OF_LIST.sub("", text, count=1), count=1)


def without_list_numbers(lines: list[str]) -> list[str]:
    """Return lines without the numbers of a list: "42. That is known" alone is none."""
    if sum(_LIST_NUMBER.match(line) is not None for line in lines) > 1:
        lines = [_LIST_NUMBER.sub("", line, count=1) for line in lines]
    return [without_list_number(line) for line in lines]


def without_remarks(parts: list[str]) -> list[str]:
    """Return lines or sentences without the remarks behind the first: "Confidence: 95%"."""
    if len(parts) == 1:
        return parts
    return [part for place, part in enumerate(parts) if place == 0 or not _REMARK.match(part)]


def without_reservation(text: str) -> str:
    """Return a sentence without ", but I am not certain" behind its answer."""
    before, found, _ = (
        re.split(_RESERVATION, text, maxsplit=1) if _RESERVATION.search(text) else (text, "", "")
    )
    return before if found and WORD.search(before) else text


def asked_as_answer(line: str) -> str | None:
    """Return the answer in a line with a question or exclamation mark: "Perhaps Paris?", "Oh! Calcutta!"."""
    if "?" not in line and "!" not in line:
        return None
    hedge = _HEDGE.match(line)
    if hedge and is_bare(rest := line[hedge.end() :].rstrip(" ?!")):
        return rest
    found = WORD.findall(line)
    if not 1 < len(found) <= _MAX_BARE_WORDS or _ASKS.match(line):
        return None
    # A title is capitalised, another question of the model's is not.
    title = all(not word[0].islower() or word in _SMALL_IN_TITLES for word in found)
    return line if title else None


def is_prose(text: str) -> bool:
    """Return whether a text is rather a sentence than a name, by its last word and its full stop."""
    found = WORD.findall(text)
    return len(found) > 3 and text.endswith(".") and found[-1].islower() and text[:1].isupper()


def lead_in_removed(text: str) -> str | None:
    """Return what follows "It is" or the like, if an answer alone does; else ``None``."""
    for pattern in (_LEAD_IN, _THINK):
        found = pattern.match(text)
        rest = text[found.end() :] if found else ""
        if rest and is_bare(rest) and not _PREPOSITION.match(rest):
            return rest
    return None


def read_text(text: str, question: str) -> str:
    """Return the answer that a sentence gives: without the words around it, or else the whole sentence."""
    text = without_list_number(text)
    text = _without_label(text, question)
    closed = _SO_YES.match(text)
    if closed:
        return closed[1]
    said = _SOURCE.sub("", text)
    turned = _NOT_BUT.match(said)
    said = trimmed(said[turned.end() :] if turned else said)
    rest = lead_in_removed(said)
    if rest is not None:
        turned = _NOT_BUT.match(rest)
        return unwrap(rest[turned.end() :] if turned else rest)
    return unwrap(said if is_bare(said) or turned else text)


def trimmed(text: str) -> str:
    """Return a sentence without the explanation or the doubt behind its answer."""
    for found in _BEHIND.finditer(text):
        before = text[: found.start()]
        if WORD.search(before):
            return before
    return text


def _without_label(text: str, question: str) -> str:
    """Return a text without the name of a kind before it: "Name: …", or "capital: …" if that is asked for."""
    kind = _KIND_LABEL.match(text)
    if kind and has_words(text[kind.end() :]):
        return text[kind.end() :]
    label = _LABEL_OF_THE_QUESTION.match(text)
    if label and has_words(text[label.end() :]):
        asked = set(re.findall(r"[^\W_]+", question))
        first, *others = label[1].split()
        if first.lower() in asked and all(asked.intersection((word, word.lower())) for word in others):
            return text[label.end() :]
    return text
