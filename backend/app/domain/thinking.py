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
    "<|channel|>analysis",
    "<|start|>assistant<|channel|>analysis",
)
THINKING_ENDS = (
    *(f"</{name}>" for name in _SPELLINGS),
    "◁/think▷",
    "[/THINK]",
    "[/REASONING]",
    "<|end_of_thought|>",
    "<|END_THINKING|>",
    "<|/thinking|>",
    "<|channel|>final<|message|>",
)
_END = re.compile("|".join(map(re.escape, sorted(THINKING_ENDS, key=len, reverse=True))))


def after_thinking(output: str) -> str:
    """Return what follows the last mark that ends thinking; all of the output without one."""
    # Each mark begins with one of these; most outputs have none.
    if "</" not in output and "[/" not in output and "◁" not in output and "<|" not in output:
        return output
    end = 0
    for found in _END.finditer(output):
        end = found.end()
    return output[end:]
