"""The experiment files that ship with the project can be run as they are."""

from pathlib import Path

import pytest
import yaml

from app.cli.bench import read_matrix
from app.cli.comparisons import comparisons
from app.core.config import PROJECT_ROOT
from app.domain.scoring import scoring_rule
from app.schemas.comparison import ComparisonConfig
from app.schemas.experiment_config import ExperimentConfig
from app.schemas.method_config import CoTMethodConfig, ReactMethodConfig
from app.services.comparisons.service import expand
from app.services.datasets.importers import load_builtin
from app.services.inference.catalog_file import load_catalog
from app.services.matrices.expansion import check
from app.services.methods.exemplars import kind_for, load_exemplars

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


COMPARISONS = [
    path
    for path in sorted((PROJECT_ROOT / "configs" / "experiments").glob("*.yaml"))
    if "variants" in yaml.safe_load(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("path", COMPARISONS, ids=lambda path: path.stem)
def test_comparisons_name_what_ships_with_the_project(path: Path) -> None:
    catalog = load_catalog(PROJECT_ROOT / "configs" / "models.yaml")
    for raw in comparisons(path, {}):
        configs = expand(ComparisonConfig.model_validate(raw))
        assert len({config.hash() for config in configs}) == len(configs)
        for config in configs:
            provider, spec = catalog.find(config.model)
            assert spec in catalog.models
            assert (config.dataset.n or 1) <= len(DATASETS[config.dataset.name].examples)
            if isinstance(config.method, ReactMethodConfig):
                assert config.method.needed_feature in {None, *provider.features}


def test_the_demo_compares_prompts_on_questions_that_no_prompt_answers() -> None:
    path = PROJECT_ROOT / "configs" / "experiments" / "worked_examples.yaml"
    (config,) = map(ComparisonConfig.model_validate, comparisons(path, {}))
    assert config.base["model"] == "local/smollm2-135m-instruct"
    bare, shown = expand(config)
    changed = {"name", "description", "method"}  # and no limit of tokens, which alone may make answers wrong
    assert bare.model_dump(exclude=changed) == shown.model_dump(exclude=changed)
    dataset = DATASETS[bare.dataset.name]
    assert isinstance(shown.method, CoTMethodConfig)
    kind = kind_for(shown.method.exemplars, scoring_rule(dataset.scoring))
    exemplars = load_exemplars(kind, shown.method.shots)
    assert len(exemplars) == 3
    assert not {one.question for one in exemplars} & {one.question for one in dataset.examples}


def test_methods_are_compared_on_three_datasets() -> None:
    path = PROJECT_ROOT / "configs" / "experiments" / "methods.yaml"
    configs = [expand(ComparisonConfig.model_validate(raw)) for raw in comparisons(path, {})]
    assert [{one.dataset.name for one in each} for each in configs] == [
        {"hotpot_qa"},
        {"gsm8k"},
        {"trivia_qa"},
    ]
    for each in configs:
        assert [one.method.name for one in each] == ["naive", "cot", "rag", "react"]
        assert len({one.seed for one in each}) == 1


def test_the_matrix_names_what_ships_with_the_project() -> None:
    config = read_matrix(PROJECT_ROOT / "configs" / "experiments" / "optimisation.yaml")
    experiments = check(config)
    assert [one.method.name for one in experiments[::8]] == ["naive", "cot", "rag", "react"]
    assert (len(experiments), config.rounds, config.margin) == (32, 3, 0.02)
    assert {one.dataset.n for one in experiments} == {100}
    catalog = load_catalog(PROJECT_ROOT / "configs" / "models.yaml")
    provider, spec = catalog.find(experiments[0].model)
    assert spec in catalog.models
    for one in experiments:
        assert one.dataset.name in DATASETS
        assert one.method.needed_feature in {None, *provider.features}
