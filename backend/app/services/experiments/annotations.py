"""What people add to experiments after they were described: another name, tags, notes, and the archive.

None of it is part of the configuration, its hash or the provenance: what was measured stays as it is.
"""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import FieldError, InvalidInput, NotFound
from app.schemas.annotation import MOST_TAGS, ExperimentChange
from app.services.experiments.repository import ExperimentRepository


class AnnotationService:
    """Changes what people add to experiments; commits it."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._repository = ExperimentRepository(session)

    async def change(self, experiment_id: uuid.UUID, wanted: ExperimentChange) -> None:
        """Change an experiment as it is wanted.

        Raises:
            NotFound: if there is none, or it is deleted.
            InvalidInput: if it would have too many tags.
        """
        # Locked, so that of two people who add tags at the same time neither undoes the other's.
        experiment = await self._repository.lock(experiment_id)
        if experiment is None:
            raise NotFound(
                f"There is no experiment {experiment_id}.", hint="GET /api/v1/experiments lists them."
            )
        experiment.tags = _tags(experiment.tags, wanted)
        if wanted.name is not None:
            experiment.name = wanted.name
        if wanted.notes is not None:
            experiment.notes = wanted.notes.strip()
        if wanted.archived is not None:
            await self._repository.set_archived(experiment_id, archived=wanted.archived)
        await self._session.commit()


def _tags(present: list[str], wanted: ExperimentChange) -> list[str]:
    if wanted.tags is not None:
        return wanted.tags
    tags = (set(present) | set(wanted.add_tags)) - set(wanted.remove_tags)
    if len(tags) > MOST_TAGS:
        raise InvalidInput(
            f"The experiment would have {len(tags)} tags.",
            hint=f"It can have {MOST_TAGS}; remove some first.",
            errors=[FieldError("add_tags", f"more than {MOST_TAGS} tags in all")],
        )
    return sorted(tags, key=lambda tag: (tag.casefold(), tag))
