"""Which questions of a comparison a list is to show."""

from typing import Literal

AgreementFilter = Literal[
    "all",
    "differ",
    "same",
    "both",
    "only_first",
    "only_second",
    "neither",
    "failed",
    "misread",
    "labelled_wrong",
]
