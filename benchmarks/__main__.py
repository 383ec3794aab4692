"""Run benchmarks by name, or all: `python -m benchmarks [--quick | --full] [--json] [name …]`."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks import at_once, finish, image_edits, memory, publish, small_files, start_up
from benchmarks.calibration import calibrate
from benchmarks.measuring import Bench, Report, Scale
from benchmarks.printing import json_text, print_table

_BENCHMARKS: Final[dict[str, Callable[[Bench], Report]]] = {
    "publish": publish.run,
    "small-files": small_files.run,
    "image-edits": image_edits.run,
    "memory": memory.run,
    "start-up": start_up.run,
    "finish": finish.run,
    "at-once": at_once.run,
}


def main() -> None:
    """Run what was asked for and print it."""
    arguments = _arguments()
    if arguments.list:
        print("\n".join(f"{name:<12} {sys.modules[work.__module__].__doc__}" for name, work in _BENCHMARKS.items()))
        return
    names = arguments.names or list(_BENCHMARKS)
    calibration = calibrate(arguments.scale)
    if not arguments.json:
        print_table(calibration)
    reports: dict[str, Report] = {}
    for name in names:
        reports[name] = _run(name, arguments.scale, arguments.folder)
        if not arguments.json:
            print_table(reports[name])
    if arguments.json:
        print(json_text(reports, calibration))


def _run(name: str, scale: Scale, folder: Path | None) -> Report:
    place = Path(tempfile.mkdtemp(prefix=f"clouddp-{name}-", dir=folder))
    try:
        return _BENCHMARKS[name](Bench(scale=scale, folder=place))
    finally:
        shutil.rmtree(place)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", choices=[*_BENCHMARKS, []], help=", ".join(_BENCHMARKS))
    parser.add_argument("--list", action="store_true", help="say what there is")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--folder", type=Path, help="work here; up to 40 GB with --full")
    parser.set_defaults(scale=Scale.NORMAL)
    scales = parser.add_mutually_exclusive_group()
    scales.add_argument(
        "--quick", dest="scale", action="store_const", const=Scale.QUICK, help="tiny: shows that it runs"
    )
    scales.add_argument("--full", dest="scale", action="store_const", const=Scale.FULL, help="the largest sizes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
