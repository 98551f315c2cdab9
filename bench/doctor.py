"""What a bug report needs: versions, devices, folders, and which clients of sources are here."""

import shutil
from pathlib import Path

from bench import assets, places, provenance
from bench.describe import Json


def findings() -> dict[str, Json]:
    """Everything, by topic."""
    cache = assets.cache_folder()
    folders = sorted(path for path in cache.glob("*") if path.is_dir())
    existing = next(path for path in (cache, *cache.parents) if path.exists())
    return {
        "machine": provenance.machine(),
        "commit": provenance.commit(),
        "packages": dict(provenance.packages()),
        "devices": list(_devices()),
        "cache": str(cache),
        "cache_sizes": {path.name: _size(path) for path in folders},
        "free_disk": f"{shutil.disk_usage(existing).free / 2**30:.1f} GiB",
        "data_root": "{} ({})".format(*places.root()),
        "data_sets": {name: ", ".join(said) for name, said in places.settings().sets.items()},
        "clients": dict(assets.clients()),
    }


def _devices() -> list[str]:
    import torch

    found = [f"cpu ({torch.get_num_threads()} threads)"]
    found += [f"cuda: {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return found


def _size(folder: Path) -> str:
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{total / 2**20:,.0f} MiB"
