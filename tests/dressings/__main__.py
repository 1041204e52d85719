"""Writes one dress and says what is wrong with it.

PYTHONPATH=tests python -m dressings FOLDER SEED CONTAINER [CHANGE …]
PYTHONPATH=tests python -m dressings        (lists the changes)
"""

import sys
from pathlib import Path

from dressings.comparison import faults, report
from dressings.dress import CHANGES, CONTAINERS, Recipe, dressed, in_order
from dressings.writers import write


def main(words: list[str]) -> None:
    """The command."""
    if len(words) < 3:
        print("containers:", *CONTAINERS)
        for change in CHANGES.values():
            loss = f" (loses {change.loses})" if change.loses else ""
            print(f"{change.stage:8} {change.name}{loss}")
        return
    folder, seed, container, *names = words
    recipe = Recipe(int(seed), container, in_order(names))
    print(write(dressed(recipe), Path(folder)))
    print(report(recipe) if faults(recipe) else "as the plain files")


if __name__ == "__main__":
    main(sys.argv[1:])
