"""The guide lists the rules that there are, with the limits that they have."""

import re
from inspect import getsource

from app.core.config import PROJECT_ROOT
from app.services.matrices import advice

GUIDE = (PROJECT_ROOT / "docs" / "guides" / "optimisation.md").read_text(encoding="utf-8")


def test_names_every_rule() -> None:
    _, _, section = GUIDE.partition("\n## The rules\n")
    listed = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)
    names = re.findall(r'"([a-z_]+)",\s*"(?:first|use|avoid|note)"', getsource(advice))
    of_matrix = re.findall(r'rule="([a-z_]+)"', getsource(advice))
    assert sorted(listed) == sorted({*names, *of_matrix})


def test_names_their_limits() -> None:
    assert f"below {100 * advice.LOW_SCORE:.0f} %" in GUIDE
    assert (advice.FEW_ROUNDS, "fewer than three rounds" in GUIDE) == (3, True)
    assert (advice.SLOW_TAIL, "at least twice the baseline's" in GUIDE) == (2.0, True)
    assert f"at least {100 * advice.MOST_HITS:.0f} % of the calls" in GUIDE
    assert f"less than {100 * advice.LITTLE_REUSE:.0f} % of the prompts' tokens" in GUIDE
