"""The order in which claimed samples are answered.

Ordered is what an executor claims at once. What is in a shard stays in it, so that whoever goes on after this
executor finds the same questions in the same shards, even if retrieval gave other passages by then.
"""

from collections.abc import Sequence

from app.core.logging import get_logger
from app.domain.examples import Example
from app.domain.generation import Message
from app.domain.sharding import CLAIMED_AT_ONCE
from app.schemas.experiment_config import Execution
from app.services.execution.sample import Sample
from app.services.methods.base import Method
from app.services.rag.base import Retriever

log = get_logger(__name__)

_ORDERED_TOGETHER = 4096  # samples whose prompts are known without a search


class Schedule:
    """Orders samples as the experiment wants them.

    Args:
        execution: of the experiment.
        method: renders the prompts.
        retriever: of the passages that the prompts hold; ``None`` if they hold none.
    """

    def __init__(self, execution: Execution, method: Method, retriever: Retriever | None) -> None:
        self._by_prefix = execution.schedule == "by_prefix"
        self._method = method
        self._retriever = retriever

    @property
    def claimed_at_once(self) -> int:
        """Samples that are to be claimed at once, at most: the more, the better they can be ordered."""
        # The search for the passages of those is what the first call waits for.
        searched = self._retriever is not None
        return _ORDERED_TOGETHER if self._by_prefix and not searched else CLAIMED_AT_ONCE

    async def ordered(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """Return samples in the order in which they are to be answered.

        By prefix, it is that of the prompts' texts, so that those that begin alike follow each other,
        repeats of a question among them. Passages are searched for here and again when the sample is
        answered, so that a run's times are those of its own search.
        """
        if not self._by_prefix:
            return samples
        examples = {one.example_id: one.example for one in samples}
        texts = {id_: _text(await self._first_prompt(example)) for id_, example in examples.items()}
        return sorted(samples, key=lambda one: (texts[one.example_id], one.example_id, one.repeat))

    async def _first_prompt(self, example: Example) -> Sequence[Message]:
        if self._retriever is None:
            return self._method.render(example)
        try:
            retrieval = await self._retriever.retrieve(example.question)
        except Exception:
            log.exception("not_ordered", example=example.key)  # its run fails in the same way, and says so
            return ()
        return self._method.render(example, retrieval.passages)


def _text(messages: Sequence[Message]) -> str:
    return "\n\n".join(message.content for message in messages)
