"""Files whose source publishes no checksum: what came first is remembered.

    <cache>/first-use/<key>     `<sha256>  <address>` of the first file that came from there

It outlives the file itself: when the same address is downloaded again, it is compared.
"""

import re
from pathlib import Path

from bench.assets.cache import cache_folder
from bench.assets.errors import AssetError
from bench.assets.pins import Pin

_SHA256 = re.compile(r"[0-9a-f]{64}")


def remembered(pin: Pin) -> str:
    """The sha256 of the first file that came from the address of a pin; empty if none did.

    Raises:
        AssetError: what was noted is damaged.
    """
    place = note(pin)
    if not place.exists():
        return ""
    digest = place.read_text().partition(" ")[0]
    if not _SHA256.fullmatch(digest):
        message = f"{place} should begin with a sha256: remove it to fix {pin} anew"
        raise AssetError(message)
    return digest


def remember(pin: Pin, sha256: str) -> None:
    """Note what came first; the caller holds the shelf of the pin."""
    place = note(pin)
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(".new")
    new.write_text(f"{sha256}  {pin.url}\n")
    new.replace(place)


def note(pin: Pin) -> Path:
    """Where it is noted what came first."""
    return cache_folder() / "first-use" / pin.key
