"""Dependencies of routes: a database session for each request, and the services that use it."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import BackgroundTasks, Depends, Query, Request, UploadFile

from app.core.database import Session
from app.core.migrations import is_up_to_date
from app.domain.scoring import ScoreFamily
from app.schemas.common import Text
from app.services.bundles.service import BundleService
from app.services.comparisons.examples import ExamplesService
from app.services.comparisons.gate import GateService
from app.services.comparisons.history import HistoryService
from app.services.comparisons.repeats import RepeatedComparisonService
from app.services.comparisons.resuming import ComparisonResuming
from app.services.comparisons.service import ComparisonService
from app.services.comparisons.settling import SettlingService
from app.services.comparisons.slice_service import SlicedComparisonService
from app.services.comparisons.stages import StageComparisonService
from app.services.datasets.service import DatasetService
from app.services.datasets.uploads import DatasetUploads
from app.services.execution.attention import Attention
from app.services.execution.dispatcher import Dispatcher
from app.services.experiments.annotations import AnnotationService
from app.services.experiments.events import ExperimentWatcher
from app.services.experiments.saved_views import SavedViewService
from app.services.experiments.service import ExperimentService
from app.services.harnesses.exports.service import Exports
from app.services.harnesses.uploads import HarnessUploads
from app.services.imports.process import Upload
from app.services.knowledge.indexes import KnowledgeIndexes
from app.services.knowledge.service import KnowledgeService
from app.services.knowledge.uploads import KnowledgeUploads
from app.services.labels.queue import LabelQueue
from app.services.labels.service import LabelService
from app.services.labels.summary import LabelSummaries
from app.services.matrices.planning import MatrixPlans
from app.services.matrices.report import MatrixReports
from app.services.matrices.service import MatrixService
from app.services.monitoring.database_health import DatabaseHealth
from app.services.monitoring.queue_health import QueueHealth
from app.services.monitoring.spending import SpendingService
from app.services.preview.service import PreviewService
from app.services.report.drawing import Drawings
from app.services.report.service import ReportService
from app.services.results.agreements import AgreementService
from app.services.results.repeats import RepeatsService
from app.services.results.run_map import RunMapService
from app.services.results.service import ResultService
from app.services.results.slices import SliceService
from app.services.runtime import Runtime
from app.services.scorings.service import ScoringService
from app.services.selections.service import SelectionService
from app.services.storage.service import StorageService


def get_attention(request: Request) -> Attention:
    """Return what says when to look for lost experiments."""
    attention: Attention = request.app.state.attention
    return attention


AttentionDep = Annotated[Attention, Depends(get_attention)]


def get_runtime(request: Request, attention: AttentionDep) -> Runtime:
    """Return the runtime of this process: settings, database, models."""
    attention.call()  # somebody is here
    runtime: Runtime = request.app.state.runtime
    return runtime


RuntimeDep = Annotated[Runtime, Depends(get_runtime)]


async def get_session(runtime: RuntimeDep, attention: AttentionDep) -> AsyncIterator[Session]:
    """Yield a session; what a service has not committed is rolled back at the end."""
    async with runtime.sessions() as session:
        yield session
    attention.call()  # what was started may have taken longer than the look of before


SessionDep = Annotated[Session, Depends(get_session, scope="function")]


def get_experiments(session: SessionDep, runtime: RuntimeDep) -> ExperimentService:
    """Return the service of experiments."""
    return ExperimentService(session, runtime)


def get_annotations(session: SessionDep) -> AnnotationService:
    """Return the service of names, tags and notes."""
    return AnnotationService(session)


def get_saved_views(session: SessionDep) -> SavedViewService:
    """Return the service of saved views."""
    return SavedViewService(session)


SavedViewsDep = Annotated[SavedViewService, Depends(get_saved_views)]
AnnotationsDep = Annotated[AnnotationService, Depends(get_annotations)]


async def get_scorings(
    session: SessionDep, runtime: RuntimeDep, background: BackgroundTasks
) -> ScoringService:
    """Give what scores stored outputs again; without a queue, this process does it after its answer."""
    return ScoringService(session, runtime, run_here=background.add_task)


ScoringsDep = Annotated[ScoringService, Depends(get_scorings)]
OneScoring = Annotated[
    Text,
    Query(max_length=80, description="By which scoring; original: that which the experiment was run with."),
]
Scorings = Annotated[
    list[Text],
    Query(
        description="By which scoring of each experiment: one name for all, or one for each; the original "
        "ones if left out."
    ),
]

Family = Annotated[
    ScoreFamily,
    Query(
        description="What p values and intervals of scores allow for: score, the comparisons of one "
        "score; page, those of all scores."
    ),
]


async def get_dispatcher(session: SessionDep, runtime: RuntimeDep, background: BackgroundTasks) -> Dispatcher:
    """Give what starts experiments; without a queue, this process runs them after it has answered.

    Raises:
        SchemaIsNewer: if a newer version has changed the database since this process has started.
    """
    await is_up_to_date(await session.connection())
    return Dispatcher(session, runtime, run_here=background.add_task)


def get_results(session: SessionDep) -> ResultService:
    """Return the service of results."""
    return ResultService(session)


def get_exports(session: SessionDep, runtime: RuntimeDep) -> Exports:
    """Return what exports experiments."""
    return Exports(ResultService(session), runtime.sessions)


def get_examples(session: SessionDep) -> ExamplesService:
    """Return the service that compares questions."""
    return ExamplesService(session)


def get_stage_comparisons(session: SessionDep) -> StageComparisonService:
    """Return the service that compares experiments stage by stage."""
    return StageComparisonService(session)


def get_sliced_comparisons(session: SessionDep) -> SlicedComparisonService:
    """Return the service that compares experiments slice by slice of their questions."""
    return SlicedComparisonService(session)


def get_repeated_comparisons(session: SessionDep) -> RepeatedComparisonService:
    """Return the service that compares experiments by what their repeats say."""
    return RepeatedComparisonService(session)


def get_histories(session: SessionDep) -> HistoryService:
    """Return the service of configurations over time."""
    return HistoryService(session)


def get_run_maps(session: SessionDep) -> RunMapService:
    """Return the service of run maps."""
    return RunMapService(session)


def get_slices(session: SessionDep) -> SliceService:
    """Return the service of slices."""
    return SliceService(session)


def get_repeats(session: SessionDep) -> RepeatsService:
    """Return the service of repeats."""
    return RepeatsService(session)


def get_previews(session: SessionDep, runtime: RuntimeDep, request: Request) -> PreviewService:
    """Return the service of previews."""
    return PreviewService(session, runtime, get_indexes(request))


def get_spending_service(session: SessionDep, runtime: RuntimeDep) -> SpendingService:
    """Return the service of what was spent."""
    return SpendingService(session, runtime)


def get_datasets(session: SessionDep) -> DatasetService:
    """Return the service of datasets."""
    return DatasetService(session)


def get_dataset_uploads(session: SessionDep, request: Request) -> DatasetUploads:
    """Return what imports uploaded datasets."""
    return DatasetUploads(session, request.app.state.imports)


def get_harness_uploads(session: SessionDep, request: Request) -> HarnessUploads:
    """Return what imports results of other harnesses."""
    return HarnessUploads(session, request.app.state.imports)


def get_selections(session: SessionDep) -> SelectionService:
    """Return what makes datasets of selected questions."""
    return SelectionService(session)


def get_knowledge_uploads(session: SessionDep, request: Request) -> KnowledgeUploads:
    """Return what imports uploaded knowledge bases."""
    return KnowledgeUploads(session, request.app.state.imports)


def upload_of(file: UploadFile) -> Upload:
    """Return an uploaded file as services take it."""
    return Upload(file.filename or "", file.file, file.size or 0)


def get_knowledge(session: SessionDep) -> KnowledgeService:
    """Return the service of knowledge bases."""
    return KnowledgeService(session)


def get_indexes(request: Request) -> KnowledgeIndexes:
    """Return the indexes of this machine."""
    indexes: KnowledgeIndexes = request.app.state.indexes
    return indexes


def get_watcher(request: Request) -> ExperimentWatcher:
    """Return what event streams share."""
    watcher: ExperimentWatcher = request.app.state.watcher
    return watcher


def get_database_health(request: Request) -> DatabaseHealth:
    """Return what knows the health of the database."""
    health: DatabaseHealth = request.app.state.database_health
    return health


def get_queue_health(request: Request) -> QueueHealth:
    """Return the newest report on the queue, which requests share."""
    health: QueueHealth = request.app.state.queue_health
    return health


def get_comparisons(session: SessionDep, runtime: RuntimeDep) -> ComparisonService:
    """Return the service of comparisons."""
    return ComparisonService(session, runtime)


def get_gates(session: SessionDep, runtime: RuntimeDep) -> GateService:
    """Return the service of gates."""
    return GateService(session, runtime)


def get_matrices(session: SessionDep, runtime: RuntimeDep) -> MatrixService:
    """Return the service of matrices."""
    return MatrixService(session, runtime)


def get_matrix_reports(session: SessionDep) -> MatrixReports:
    """Return what reads the results of matrices."""
    return MatrixReports(session)


def get_matrix_plans(session: SessionDep, runtime: RuntimeDep, request: Request) -> MatrixPlans:
    """Return what estimates matrices."""
    return MatrixPlans(session, runtime, get_previews(session, runtime, request))


KnowledgeUploadsDep = Annotated[KnowledgeUploads, Depends(get_knowledge_uploads)]


def get_agreements(session: SessionDep) -> AgreementService:
    """Return what holds scores of other harnesses against ours."""
    return AgreementService(session)


def get_bundles(session: SessionDep, runtime: RuntimeDep) -> BundleService:
    """Return the service that writes bundles."""
    return BundleService(session, runtime)


def get_reports(session: SessionDep, runtime: RuntimeDep) -> ReportService:
    """Return what words comparisons as reports."""
    return ReportService(session, runtime)


def get_drawings(request: Request) -> Drawings:
    """Return what draws the figures of reports."""
    drawings: Drawings = request.app.state.drawings
    return drawings


DrawingsDep = Annotated[Drawings, Depends(get_drawings)]
AgreementsDep = Annotated[AgreementService, Depends(get_agreements)]
BundlesDep = Annotated[BundleService, Depends(get_bundles)]
ReportsDep = Annotated[ReportService, Depends(get_reports)]


def get_storage_service(session: SessionDep, runtime: RuntimeDep) -> StorageService:
    """Return the service of storage."""
    return StorageService(session, runtime)


def get_settling_service(session: SessionDep) -> SettlingService:
    """Return the service of comparisons that end as soon as they are settled."""
    return SettlingService(session)


def get_labels(session: SessionDep) -> LabelService:
    """Return the service of people's labels."""
    return LabelService(session)


def get_label_queue(session: SessionDep) -> LabelQueue:
    """Return what says which answers to look at next."""
    return LabelQueue(session)


def get_label_summaries(session: SessionDep) -> LabelSummaries:
    """Return what says what labels mean."""
    return LabelSummaries(session)


LabelsDep = Annotated[LabelService, Depends(get_labels)]
LabelQueueDep = Annotated[LabelQueue, Depends(get_label_queue)]
LabelSummariesDep = Annotated[LabelSummaries, Depends(get_label_summaries)]
SettlingDep = Annotated[SettlingService, Depends(get_settling_service)]
StorageDep = Annotated[StorageService, Depends(get_storage_service)]
KnowledgeDep = Annotated[KnowledgeService, Depends(get_knowledge)]
DatabaseHealthDep = Annotated[DatabaseHealth, Depends(get_database_health)]
QueueHealthDep = Annotated[QueueHealth, Depends(get_queue_health)]
WatcherDep = Annotated[ExperimentWatcher, Depends(get_watcher)]
IndexesDep = Annotated[KnowledgeIndexes, Depends(get_indexes)]
ComparisonsDep = Annotated[ComparisonService, Depends(get_comparisons)]
GateDep = Annotated[GateService, Depends(get_gates)]
MatricesDep = Annotated[MatrixService, Depends(get_matrices)]
MatrixReportsDep = Annotated[MatrixReports, Depends(get_matrix_reports)]
MatrixPlansDep = Annotated[MatrixPlans, Depends(get_matrix_plans)]
DispatcherDep = Annotated[Dispatcher, Depends(get_dispatcher)]


def get_resuming(session: SessionDep, runtime: RuntimeDep, dispatcher: DispatcherDep) -> ComparisonResuming:
    """Return what continues comparisons."""
    return ComparisonResuming(session, runtime, dispatcher)


ResumingDep = Annotated[ComparisonResuming, Depends(get_resuming)]
ExperimentsDep = Annotated[ExperimentService, Depends(get_experiments)]
StageComparisonsDep = Annotated[StageComparisonService, Depends(get_stage_comparisons)]
SlicedComparisonsDep = Annotated[SlicedComparisonService, Depends(get_sliced_comparisons)]
RepeatedComparisonsDep = Annotated[RepeatedComparisonService, Depends(get_repeated_comparisons)]
HistoriesDep = Annotated[HistoryService, Depends(get_histories)]
ExamplesDep = Annotated[ExamplesService, Depends(get_examples)]
PreviewsDep = Annotated[PreviewService, Depends(get_previews)]
SpendingDep = Annotated[SpendingService, Depends(get_spending_service)]
RunMapDep = Annotated[RunMapService, Depends(get_run_maps)]
RepeatsDep = Annotated[RepeatsService, Depends(get_repeats)]
SlicesDep = Annotated[SliceService, Depends(get_slices)]
ResultsDep = Annotated[ResultService, Depends(get_results)]
ExportsDep = Annotated[Exports, Depends(get_exports)]
DatasetsDep = Annotated[DatasetService, Depends(get_datasets)]
SelectionsDep = Annotated[SelectionService, Depends(get_selections)]
HarnessUploadsDep = Annotated[HarnessUploads, Depends(get_harness_uploads)]
DatasetUploadsDep = Annotated[DatasetUploads, Depends(get_dataset_uploads)]
