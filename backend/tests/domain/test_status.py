import pytest

from app.domain.status import ExperimentStatus, FailureKind


class TestExperimentStatus:
    @pytest.mark.parametrize(
        ("status", "ended"),
        [("PENDING", False), ("RUNNING", False), ("COMPLETED", True), ("FAILED", True), ("CANCELLED", True)],
    )
    def test_ended(self, status: str, ended: bool) -> None:
        assert ExperimentStatus(status).ended is ended

    def test_there_is_no_other(self) -> None:
        assert len(ExperimentStatus) == 5


class TestFailureKind:
    def test_retryable(self) -> None:
        retryable = {kind.value for kind in FailureKind if kind.retryable}
        assert retryable == {"rate_limit", "timeout", "connection", "server", "malformed", "unavailable"}

    def test_fatal(self) -> None:
        fatal = {kind.value for kind in FailureKind if kind.fatal}
        assert fatal == {"auth", "quota", "model_not_found", "unavailable", "unsupported"}

    @pytest.mark.parametrize("kind", FailureKind)
    def test_only_what_is_waited_for_with_patience_is_both_retried_and_fatal(self, kind: FailureKind) -> None:
        assert (kind.retryable and kind.fatal) == (kind is FailureKind.UNAVAILABLE)
