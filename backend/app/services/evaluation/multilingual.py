"""Text normalisation for answers in any language: the scoring rule ``multilingual``.

The official scripts of SQuAD, HotpotQA and TriviaQA know ASCII punctuation and English articles. This rule
follows those of multilingual datasets, which do not name the language of a text either side:

- Unicode: NFKC, then full case folding, as Unicode's "compatibility caseless match" has it (The Unicode
  Standard, 3.13): full-width letters, composed and decomposed accents, ß and ss, σ and ς are each the same.
  The Turkish letters İ and ı both become i, since neither side says that it is Turkish.
- Punctuation of all scripts is left out, as in MLQA's script (all of Unicode's categories P); here it
  separates words, as in TriviaQA's script, so that "Jean-Paul" equals "Jean Paul". Symbols are treated
  alike. Apostrophes, and points within words, are deleted: "don't", "U.S.A.".
- Scripts that are written without blanks, and Korean, whose blanks vary, are compared by character: MLQA
  does so for Chinese, KorQuAD's script for Korean. F1 and *contains* then count characters.
- Digits of all scripts become ASCII, separators of thousands are left out, a decimal comma becomes a point.
- What is not seen (joiners, direction marks), the Arabic tatweel, and optional vowel points of Arabic and
  Hebrew are left out.
- The English articles are left out, as XQuAD and TyDi QA do with SQuAD's script for all languages.
  Articles of other languages stay: "die" is one in German and a verb in English.
- Of a text that would vanish ("A", "!!!") all is kept, so that only the same text equals it.

Sources: MLQA (Lewis et al., ACL 2020), XQuAD (Artetxe et al., ACL 2020), TyDi QA (Clark et al., TACL 2020),
KorQuAD 1.0 (Lim et al., 2019), and their evaluation scripts.
"""

import re
import string
import unicodedata

from app.domain.scripts import UNSPACED

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_UNSEEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f"
    "\u0640\u064b-\u065f\u0670\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]"
)
_OTHER_DIGIT = re.compile(r"[^\D0-9]")
_TURKISH = str.maketrans({"İ": "i", "ı": "i", "٫": ".", "٬": ","})
_APOSTROPHES = "'’‘ʼʹ`´"
_THOUSANDS = re.compile(r"(?<=\d)[.,](?=\d{3}(?!\d))")
_DECIMAL = re.compile(r"(?<=\d)[.,](?=\d)")
_KEPT_POINT = "\ue000"  # of a private area: no text has it, and no category of marks
_POINT_WITHIN = re.compile(r"(?<=\w)\.(?=\w)")
_LAST_WITH_MARKS = 0xFFFF
_FIRST_IDEOGRAPH, _LAST_IDEOGRAPH = 0x3400, 0x9FFF
_BY_CHARACTER = re.compile(f"[{UNSPACED}]")


def _marks() -> dict[int, str | None]:
    codes = (
        *range(0x80, _FIRST_IDEOGRAPH),
        *range(_LAST_IDEOGRAPH, 0xA000),
        *range(0xF000, _LAST_WITH_MARKS),
    )
    marks: dict[int, str | None] = {code: " " for code in codes if unicodedata.category(chr(code))[0] in "PS"}
    marks |= dict.fromkeys(map(ord, string.punctuation), " ")
    return marks | dict.fromkeys(map(ord, _APOSTROPHES), None)


_MARKS = _marks()


def normalise_multilingual(text: str) -> str:
    """Return ``text`` as the rule compares it, in words, or characters, that are separated by blanks."""
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKC", text.translate(_TURKISH)).casefold()
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
        text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    if "." in text or "," in text:
        text = _DECIMAL.sub(_KEPT_POINT, _THOUSANDS.sub("", text))
        text = _POINT_WITHIN.sub("", text)
    words = text.translate(_MARKS).replace(_KEPT_POINT, ".")
    if not words.isascii():
        words = _BY_CHARACTER.sub(r" \g<0> ", words)
    kept = " ".join(_ARTICLES.sub(" ", words).split()) or " ".join(words.split())
    return kept or " ".join(text.replace(_KEPT_POINT, ".").split())
