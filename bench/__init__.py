"""Compare music audio representations: any backbone, any task, an interval in every cell.

`bench` is the only package that knows the other three. Their names are common words, so a
stranger's `tasks` or `backbones` installed beside it would be picked up in silence; it is
refused here instead.
"""

import importlib.util
from pathlib import Path

PARTS = ("backbones", "tasks", "leaderboard")


def _refuse_strangers(root: Path) -> None:
    """Raise ImportError unless every part is our own sibling."""
    for part in PARTS:
        spec = importlib.util.find_spec(part)
        origin = Path(spec.origin) if spec and spec.origin else None
        if origin is None or origin.resolve().parent != root / part:
            message = (
                f"bench needs its own package {part!r} at {root / part}, "
                f"but Python finds {origin or 'none'}. "
                "Install mulap-bench alone in a fresh environment."
            )
            raise ImportError(message)


_refuse_strangers(Path(__file__).resolve().parent.parent)
