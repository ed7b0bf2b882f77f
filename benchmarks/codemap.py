"""How long `repoops codemap --dry-run` takes as a whole process, against listing and reading the same files.

    python benchmarks/codemap.py [--json] [--files N] [--runs N]

A repository of N files (1,500 by default: Python with imports between modules, CUDA, markdown) is generated
and committed; the baseline, in the same run and alternated with ours, is a bare Python process that runs
`git ls-files` and reads every file. Medians; files lie in the page cache for both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

READ_ALL = """\
import subprocess
for path in subprocess.run(["git", "ls-files", "-z"], stdout=subprocess.PIPE, check=True).stdout.split(b"\\0"):
    if path:
        with open(path, "rb") as file:
            file.read()
"""


def generate(root: Path, files: int) -> None:
    """Four fifths Python modules of 150 lines, a tenth CUDA with three kernels each, the rest markdown."""
    for n in range(files):
        folder = root / f"pkg{n % 40:02}"
        folder.mkdir(exist_ok=True)
        if n < 40:
            (folder / "__init__.py").write_text(f'"""Package {n}: one of forty."""\n')
        elif n % 10 == 0:
            (folder / f"k{n}.cu").write_text("".join(cuda(n, k) for k in range(3)))
        elif n % 10 == 1:
            (folder / f"note{n}.md").write_text(f"# Note {n}\n\n" + "Words of a note.\n" * 60)
        else:
            (folder / f"mod{n}.py").write_text(module(n))
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "-A"], check=True)


def cuda(n: int, k: int) -> str:
    body = "".join(f"    x[{i}] = x[{i}] * {i}.0f; // step {i}\n" for i in range(40))
    return (
        f"template <typename T, int N = {k + 1}>\n__global__ void __launch_bounds__(256, 2) kernel_{n}_{k}(T* x) {{\n{body}}}\n"
        f"void run_{n}_{k}(float* x) {{ kernel_{n}_{k}<float><<<1, 256>>>(x); }}\n"
    )


def module(n: int) -> str:
    imports = "".join(
        f"from pkg{(n * 7 + i) % 40:02} import mod{(n * 13 + i * 31) % 1500}\n" for i in range(4)
    )
    body = "".join(
        f'def fn_{n}_{i}(x):\n    """Adds {i}."""\n    y = x + {i}\n    return [y, "{n}"]\n\n\n'
        for i in range(20)
    )
    return f'"""Module {n} does one thing. And more."""\n{imports}\n\n{body}class Thing{n}:\n    def go(self):\n        return 1\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    ways = {
        "git ls-files, read every file": [sys.executable, "-c", READ_ALL],
        "repoops history (the same start-up)": [sys.executable, "-m", "repoops", "history"],
        "repoops codemap --dry-run": [sys.executable, "-m", "repoops", "codemap", "--dry-run"],
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), args.files)
        for _ in range(args.runs + 1):
            for way, command in ways.items():
                start = time.perf_counter()
                subprocess.run(command, cwd=folder, capture_output=True, check=True)
                times[way].append((time.perf_counter() - start) * 1e3)
    medians = {way: statistics.median(spent[1:]) for way, spent in times.items()}
    base = medians["git ls-files, read every file"]
    rows = [{"way": way, "ms": round(ms, 1), "ratio": round(ms / base, 2)} for way, ms in medians.items()]
    if args.json:
        print(json.dumps({"files": args.files, "rows": rows}, indent=2))
        return
    print(f"{args.files} files")
    for row in rows:
        print(f"{row['way']:<40}{row['ms']:>9} ms {row['ratio']:>7} x")


if __name__ == "__main__":
    main()
