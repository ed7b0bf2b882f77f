"""How many seeded drifts `repoops codemap --check` catches, and how many changes that nothing states it takes for drift.

    python benchmarks/codemap_drift.py [--drifts N] [--seed N] [--json]

A repository is generated (tests/codemap/test_drift.py), mapped without a limit, with a hand-written part
that names files, line counts and targets. Then N times (1,000 by default), and half as often again for the second kind, one change is made, the map
checked, and the change taken back: renames, removals, edits and changed numbers of what the map or its
hand-written part states (to be caught, and the finding must name it), and changes of what neither states
(which must be passed over). The baseline is the latter: a check that always cried would catch all and fail there.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from repoops.codemap.draw import draw, stale
from repoops.config import Config
from repoops.vcs.read import open_repository
from tests.codemap import test_drift as drifts
from tests.support.repo import Repo

CONFIG = Config()
OPEN = "<!-- repoops:keep notes -->\n"


def wrote(files: drifts.Files) -> str:
    """A hand-written part about every third generated module, as people write them."""
    paths = [path for path in sorted(files) if path.startswith("lib") and "mod" in path][::3]
    rows = [f"- `{path}` ({len(files[path].splitlines())} lines) is read first.\n" for path in paths]
    return "".join([*rows, "- `just build` compiles everything; `kern/k1.cu:2` is where it starts.\n"])


def file_renamed(rng: random.Random, files: drifts.Files) -> tuple[str, str | None, str]:
    path = rng.choice(
        [p for p in sorted(files) if p.startswith(("lib", "kern/")) and not p.endswith("__init__.py")]
    )
    folder, _, name = path.rpartition("/")
    return path, f"{folder}/renamed_{name}", path


def line_count_changed(rng: random.Random, files: drifts.Files) -> drifts.Drift:
    path = rng.choice([p for p in sorted(files) if p.startswith("lib") and "mod" in p][::3])
    return drifts.Drift(path, files[path] + "# one line more\n", "lines, not")


def number_changed(rng: random.Random, files: drifts.Files) -> drifts.Drift:
    path = drifts.kernel_file(rng, files)
    bound = files[path].partition("__launch_bounds__(")[2].partition(")")[0]
    other = str(int(bound) + rng.choice((1, 32, 512)))
    return drifts.Drift(
        path, files[path].replace(f"__launch_bounds__({bound})", f"__launch_bounds__({other})"), f"`{other}`"
    )


def module_deleted_that_people_name(rng: random.Random, files: drifts.Files) -> drifts.Drift:
    path = rng.choice([p for p in sorted(files) if p.startswith("lib") and "mod" in p][::3])
    return drifts.Drift(path, None, f"notes: `{path}` is not there")


def recipe_renamed(_: random.Random, files: drifts.Files) -> drifts.Drift:
    return drifts.Drift(
        "justfile",
        drifts.replaced(files["justfile"], "build target", "rebuild target"),
        "`just build` does not resolve",
    )


STATED = [
    *drifts.STATED,
    line_count_changed,
    number_changed,
    number_changed,
    module_deleted_that_people_name,
    recipe_renamed,
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drifts", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rng = random.Random(args.seed)  # noqa: S311 - seeded on purpose
    counts: Counter[str] = Counter()
    missed: list[str] = []
    false: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        repo = Repo.create(Path(folder, "repo"))
        files = drifts.generated(rng)
        repo.commit(files=dict(files))
        at = open_repository(repo.root)
        repo.write("CODEMAP.md", draw(at, CONFIG, 0).text.replace(OPEN, OPEN + wrote(files)))
        assert stale(at, CONFIG) == []
        for number in range(args.drifts * 3 // 2):
            kind = "not stated" if number % 3 == 2 else "renamed" if number % 8 == 0 else "stated"
            make = rng.choice(STATED if kind == "stated" else drifts.NOT_STATED)
            if kind == "renamed":
                path, new, told = file_renamed(rng, files)
                (repo.root / path).rename(repo.root / str(new))
            else:
                drift = make(rng, files)
                path, new, told = drift.path, None, drift.told
                if kind == "not stated" and any(part in wrote(files) for part in (f"`{path}`",)):
                    # whoever writes line counts is held to them
                    told = (
                        "lines, not"
                        if drift.new is not None and drift.new.count("\n") != files[path].count("\n")
                        else ""
                    )
                if drift.new is None:
                    (repo.root / path).unlink()
                else:
                    repo.write(path, drift.new)
            said = stale(at, CONFIG)
            counts["stated" if told else "not stated"] += 1
            name = f"{number} {kind} {getattr(make, '__name__', 'replaced')} {path}"
            if told and not any(told in line for line in said):
                missed.append(name)
            if not told and said:
                false.append(f"{name}: {said[0]}")
            if new:
                (repo.root / new).unlink()
            repo.write(path, files[path]) if path in files else (repo.root / path).unlink()
        assert stale(at, CONFIG) == []
    result = {
        "drifts": counts["stated"],
        "caught": counts["stated"] - len(missed),
        "unstated": counts["not stated"],
        "false": len(false),
    }
    if args.json:
        print(json.dumps({**result, "missed": missed, "falsely": false}, indent=2))
        return
    print(
        f"{result['caught']} of {result['drifts']} drifts caught; {result['false']} of {result['unstated']} other changes taken for one"
    )
    for line in [*missed, *false]:
        print(f"  {line}")


if __name__ == "__main__":
    main()
