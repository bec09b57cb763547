"""The experiment files that ship with the project can be run as they are."""

from pathlib import Path

import pytest
import yaml

from app.core.config import PROJECT_ROOT
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.method_config import CoTMethodConfig
from app.services.datasets.importers import load_builtin
from app.services.inference.catalog import load_catalog

DATASETS = {
    dataset.name: dataset
    for dataset in map(load_builtin, (PROJECT_ROOT / "data" / "datasets").glob("*/*.json"))
}


def read(path: Path) -> ExperimentConfig:
    return ExperimentConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["demo", "cot"])
def test_names_what_ships_with_the_project(name: str) -> None:
    config = read(PROJECT_ROOT / "configs" / "experiments" / f"{name}.yaml")
    catalog = load_catalog(PROJECT_ROOT / "configs" / "models.yaml")
    assert config.model in {spec.name for spec in catalog.models}
    dataset = DATASETS[config.dataset.name]
    assert config.dataset.n is not None
    assert config.dataset.n <= len(dataset.examples)


def test_chain_of_thought_shows_worked_examples_of_arithmetic() -> None:
    config = read(PROJECT_ROOT / "configs" / "experiments" / "cot.yaml")
    assert isinstance(config.method, CoTMethodConfig)
    assert (config.method.shots, config.method.exemplars, config.method.samples) == (3, "auto", 1)
    assert DATASETS[config.dataset.name].scoring == "gsm8k"
