"""The marks that models put around their thinking where a server leaves it in the text of the answer."""

import re

_NAMES = (
    "think", "thinking", "thought", "thoughts", "reasoning", "reason", "scratchpad", "analysis", "reflection",
    "seed:think", "antml:thinking", "inner_monologue", "internal_monologue", "contemplator", "deepthink",
)  # fmt: skip
_SPELLINGS = tuple(spelling for name in _NAMES for spelling in (name, name.capitalize(), name.upper()))
THINKING_BEGINS = (
    *(f"<{name}>" for name in _SPELLINGS),
    "◁think▷",
    "[THINK]",
    "[REASONING]",
    "<|begin_of_thought|>",
    "<|START_THINKING|>",
    "<|thinking|>",
    "<|channel>thought",
    "<unused94>thought",
    "<|channel|>analysis",
    "<|start|>assistant<|channel|>analysis",
)
_TAG_END = re.compile(f"</(?:{'|'.join(_NAMES)})>", re.IGNORECASE)
_OTHER_ENDS = (
    "◁/think▷",
    "[/THINK]",
    "[/REASONING]",
    "<|end_of_thought|>",
    "<|END_THINKING|>",
    "<|/thinking|>",
    "<think/>",
    "<channel|>",
    "<unused95>",
    "<|channel|>final<|message|>",
)


def after_thinking(output: str) -> str:
    """Return what follows the last mark that ends thinking; all of the output without one."""
    if "<" not in output and "[/" not in output and "◁" not in output:
        return output  # each mark begins with one of these; most outputs have none
    end = max(found + len(mark) if (found := output.rfind(mark)) >= 0 else 0 for mark in _OTHER_ENDS)
    if "</" in output:
        for tag in _TAG_END.finditer(output, end):
            end = tag.end()
    return output[end:]
