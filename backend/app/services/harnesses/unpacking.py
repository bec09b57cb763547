"""The files of lm-evaluation-harness in the zip that an export of them is."""

import re
from zipfile import BadZipFile, ZipFile

from app.core.errors import FieldError, InvalidInput
from app.services.imports.files import File, open_binary

_NAMES = re.compile(r"(?:.*/)?(?:samples_.+\.jsonl|results_.+\.json)")
_MAX_BYTES = 1_000_000_000  # of all files together, once they are unpacked


def unpacked(file: File) -> list[File]:
    """Return the files of lm-evaluation-harness in a zip of them; of any other file, that alone.

    Raises:
        InvalidInput: if they are too large, or broken.
    """
    if file.data[:4] != b"PK\x03\x04":
        return [file]
    try:
        with ZipFile(open_binary(file)) as archive:
            entries = [one for one in archive.infolist() if _NAMES.fullmatch(one.filename)]
            if sum(one.file_size for one in entries) > _MAX_BYTES:
                raise InvalidInput(
                    f"The files in {file.name} have more than {_MAX_BYTES:,} bytes.",
                    hint="Unpack it, and import the folder.",
                    errors=[FieldError("files", "too large for a zip")],
                )
            found = [File(one.filename, archive.read(one)) for one in entries]
    except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        return [file]  # whoever reads it says what is wrong with it
    return found or [file]
