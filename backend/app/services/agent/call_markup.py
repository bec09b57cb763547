r"""Tool calls in the markup of a model's chat template, where a server passes it on as text.

==================  ==================================================================================
gpt-oss (harmony)   ``<|channel|>commentary to=functions.retrieval<|message|>{"query": "…"}``
Llama               ``<|python_tag|>retrieval.call(query="…")``, ``<function=retrieval>{…}</function>``
Qwen                ``<tool_call>{…}``, ``<function=retrieval><parameter=query>…</parameter></function>``
Mistral             ``[TOOL_CALLS][{…}]``, ``[TOOL_CALLS]retrieval[ARGS]{…}``
DeepSeek            ``<｜tool▁call▁begin｜>retrieval<｜tool▁sep｜>{…}<｜tool▁call▁end｜>``
Kimi                ``<|tool_call_begin|>functions.retrieval:0<|tool_call_argument_begin|>{…}``
GLM                 ``<tool_call>retrieval<arg_key>query</arg_key><arg_value>…</arg_value></tool_call>``
Anthropic, MiniMax  ``<invoke name="retrieval"><parameter name="query">…</parameter></invoke>``
==================  ==================================================================================

Where a call within the markup is plain JSON or ``name(…)``, only the marks are taken away.
"""

import re
from dataclasses import dataclass

_NAME = r"[\"']?(?P<name>[A-Za-z][\w.:/-]{0,99})[\"']?"
_HARMONY_END = r"(?:<\|(?:call|end|return|start)\|>|\Z)"
_PATTERNS = (
    (
        rf"(?:<\|start\|>)?(?:assistant|<\|channel\|>(?:commentary|analysis)|commentary)[ ]?to={_NAME}"
        r"(?:[ ]?<\|channel\|>\w+)?[ ]?(?:<\|constrain\|>)?[ ]?(?:json|code)?[ ]?(?:<\|message\|>)?"
        rf"(?P<body>.*?){_HARMONY_END}"
    ),
    rf"<function(?:=|[ ]name=){_NAME}>(?P<body>.*?)(?:</function>|\Z)",
    rf"<(?:\w+:)?invoke[ ]name={_NAME}>(?P<body>.*?)(?:</(?:\w+:)?invoke>|\Z)",
    (
        rf"<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?{_NAME}(?:<｜tool▁sep｜>)?"
        r"(?P<body>.*?)(?:<｜tool▁call▁end｜>|\Z)"
    ),
    (
        rf"<\|tool_call_begin\|>\s?{_NAME}\s?<\|tool_call_argument_begin\|>"
        r"(?P<body>.*?)(?:<\|tool_call_end\|>|\Z)"
    ),
    rf"\[TOOL_CALLS\]\s?{_NAME}(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s?(?P<body>\{{.*)",
    rf"<tool_call>\s?{_NAME}\s?(?P<body>(?:<arg_key>|\{{).*?)(?:</tool_call>|\Z)",
)
_CALLS = tuple(re.compile(pattern, re.DOTALL) for pattern in _PATTERNS)
_PAIR = re.compile(
    r"<(?:\w+:)?parameter(?:=|[ ]name=)[\"']?(?P<name>\w{1,100})[\"']?[^<>\n]{0,60}>(?P<value>.*?)</"
    r"|<arg_key>(?P<key>\w{1,100})</arg_key>\s?<arg_value>(?P<given>.*?)</arg_value>",
    re.DOTALL,
)
_MARKS = re.compile(r"<\|python_tag\|>|\[TOOL_CALLS\]|</?tool_call>|<\|/?tool_calls?\|>|```tool_code\b")
_FINAL = re.compile(r"<\|channel\|>final(?:[ ]?<\|constrain\|>\w+)?<\|message\|>|assistantfinal")
_CHANNEL = re.compile(
    r"(?:<\|start\|>(?:assistant)?)?<\|channel\|>\w+(?:<\|message\|>)?|<\|(?:end|return|call)\|>"
)
_FENCE = re.compile(r"```(?:json)?")


@dataclass(frozen=True, slots=True)
class MarkedCall:
    """A tool call in markup.

    Attributes:
        start: offset of its markup.
        name: of the tool, as written.
        arguments: by name, or as text that may be JSON.
    """

    start: int
    name: str
    arguments: dict[str, str] | str


def marked_call(text: str) -> MarkedCall | None:
    """Return the first call of ``text`` in markup that names its tool apart; ``None`` if there is none."""
    if "<" not in text and "[TOOL" not in text and "to=" not in text:
        return None
    found = [match for pattern in _CALLS if (match := pattern.search(text))]
    if not found:
        return None
    first = min(found, key=lambda match: match.start())
    body = first["body"]
    pairs = {
        pair["name"] or pair["key"]: (pair["value"] if pair["name"] else pair["given"]).strip()
        for pair in _PAIR.finditer(body)
    }
    return MarkedCall(first.start(), first["name"], pairs or _FENCE.sub("", body).strip())


def without_marks(text: str) -> str:
    """Return ``text`` without the marks around calls that are written as JSON or ``name(…)``."""
    return _MARKS.sub("\n", text) if "<" in text or "[TOOL" in text or "```tool" in text else text


def final_channel(text: str) -> str | None:
    """Return what gpt-oss says in its final channel; ``None`` if there is none."""
    found = None
    for found in _FINAL.finditer(text):
        pass
    return None if found is None else _CHANNEL.split(text[found.end() :], maxsplit=1)[0].strip()


def without_channels(text: str) -> str:
    """Return ``text`` without the marks of gpt-oss's channels."""
    return _CHANNEL.sub("", text) if "<|" in text else text
