"""What could be said of an excerpt of a tune, as phrases."""

from collections.abc import Mapping
from typing import Any

TONICS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
BOOKS = {
    "ryansMammoth": "from Ryan's Mammoth Collection",
    "airdsAirs": "from Aird's Airs",
    "oneills1850": "from O'Neill's Music of Ireland",
}
INSTRUMENTS = {
    0: "piano",
    6: "harpsichord",
    19: "church organ",
    24: "nylon guitar",
    25: "steel guitar",
    46: "harp",
    105: "banjo",
    40: "violin",
    41: "viola",
    42: "cello",
    110: "fiddle",
    73: "flute",
    74: "recorder",
    68: "oboe",
    71: "clarinet",
    66: "tenor saxophone",
    56: "trumpet",
    57: "trombone",
    60: "French horn",
    20: "reed organ",
    21: "accordion",
    22: "harmonica",
}
"""General MIDI program, the first being 0 → its name; all that tunes are played on."""

TEXTURES = {
    "solo": "played on the {0}",
    "octaves": "played on {0} and {1} in octaves",
    "drone": "played on the {0} over a drone of the {1}",
    "chords": "played on the {0} with chords on the {1}",
}
SPEEDS = ((80.0, "slow"), (105.0, "at a moderate tempo"), (float("inf"), "fast"))
"""Beats a minute below which a tune is called so."""


def facts(entry: Mapping[str, Any]) -> dict[str, str]:
    """Name of a fact → a phrase, from an entry of the manifest of `tunes`."""
    named = {
        "title": str(entry["title"]),
        "key": f"in {TONICS[entry['tonic']]} {entry['mode']}",
        "meter": f"in {entry['meter']} time",
        "book": BOOKS[entry["book"]],
        "sound": TEXTURES[entry["texture"]].format(*(INSTRUMENTS[p] for p in entry["programs"])),
        "tempo": next(word for end, word in SPEEDS if entry["bpm"] < end),
    }
    dance = entry["stratum"]
    return {**named, "dance": f"a {dance}"} if dance[0].isalpha() else named
