"""Content hashes: one canonical JSON form, so that equal content has an equal name everywhere."""

import hashlib
import json

# Made once: json.dumps makes a new encoder for each call with options.
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def canonical_json(value: object) -> bytes:
    """Return ``value`` as JSON with sorted keys and no spaces, UTF-8 encoded.

    Raises:
        TypeError: if ``value`` holds something that JSON cannot express.
        ValueError: if it holds NaN or an infinity, which have no JSON form.
    """
    # A lone surrogate cannot be encoded; "surrogatepass" keeps distinct content distinct.
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


def content_hash(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of ``value`` as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
