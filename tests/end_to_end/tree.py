"""Trees of real files, the same for the same numbers."""

import random
from pathlib import Path

NAMES = ("readme", "Übersicht", "résumé", "Описание", "説明", "شرح", "naïve café", "emoji 📦")


def make_tree(root: Path, *, files: int, seed: int = 7, largest_bytes: int = 200_000) -> Path:
    """Make a tree with empty files, deep folders, names in several scripts and links that stay inside."""
    chance = random.Random(seed)
    root.mkdir(parents=True)
    made: list[Path] = []
    for number in range(files):
        folder = root.joinpath(*(f"level {level}" for level in range(number % 9)))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{NAMES[number % len(NAMES)]} {number}.bin"
        size = 0 if number % 10 == 0 else chance.randrange(1, largest_bytes)
        path.write_bytes(chance.randbytes(size))
        path.chmod(0o755 if number % 3 == 0 else 0o644)
        made.append(path)
    (root / "link to first").symlink_to(made[0].relative_to(root))
    (root / "empty folder").mkdir()
    return root
