"""`sbatch`, `squeue`, `sacct` and `scancel` of a cluster of one node: real options, fields and words, state in a folder.

Written as one program under four names. Files in the folder steer it: `lose` (the next sbatch obeys and says
that it was not heard), `refuse`, `forget` (squeue knows only what has not ended, as after MinJobAge).
"""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = """\
#!{python}
import os, subprocess, sys
from pathlib import Path
HOME, ME, ARGS = Path({folder!r}), os.path.basename(sys.argv[0]), sys.argv[1:]
given = dict(arg[2:].partition("=")[::2] for arg in ARGS if arg.startswith("--"))
NOT_ENDED = ("PENDING", "RUNNING", "COMPLETING")

def jobs(name):
    for folder in sorted(HOME.glob("job-*")):
        if (folder / "name").read_text() == name:
            yield folder

def state(folder):
    return (folder / "state").read_text()

if ME == "sbatch":
    with (HOME / "asked").open("a") as file:
        file.write(" ".join(arg for arg in ARGS if not arg.startswith(("--output", "--chdir", "--job-name"))) + "\\n")
    if (HOME / "refuse").exists():
        sys.exit("sbatch: error: invalid partition specified: gpuu\\nsbatch: error: Batch job submission failed: Invalid partition name specified")
    number = 1000 + len(list(HOME.glob("job-*")))
    folder = HOME / ("job-%d" % number)
    folder.mkdir()
    (folder / "name").write_text(given["job-name"])
    (folder / "state").write_text("RUNNING")
    (folder / "script").write_text(sys.stdin.read())
    with open(given["output"], "ab") as log:
        child = subprocess.Popen([sys.executable, HOME / "node.py", folder, given["chdir"]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    (folder / "pid").write_text(str(child.pid))
    if (HOME / "lose").exists():
        (HOME / "lose").unlink()
        sys.exit("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation")
    print("%d;here" % number)
elif ME == "squeue":
    assert given["states"] == "all" and given["format"] == "%i|%T" and "noheader" in given, ARGS
    for folder in jobs(given["name"]):
        if state(folder).strip() in NOT_ENDED or not (HOME / "forget").exists():
            print("%s|%s" % (folder.name[4:], state(folder).strip()))
elif ME == "sacct":
    assert given["format"] == "JobIDRaw,State" and {{"allocations", "noheader", "parsable2"}} <= set(given), ARGS
    for folder in jobs(given["name"]):
        said = state(folder).strip()
        print("%s|%s" % (folder.name[4:], "CANCELLED by 1000" if said == "CANCELLED" else said))
elif ME == "scancel":
    for folder in jobs(given["name"]):
        if state(folder).strip() in NOT_ENDED:
            (folder / "state").write_text("CANCELLED")
            os.killpg(int((folder / "pid").read_text()), 9)
"""


_NODE = """\
import os, subprocess, sys
folder, tree = sys.argv[1:]
code = subprocess.call(["sh", folder + "/script"], cwd=tree)
if open(folder + "/state").read() == "RUNNING":
    with open(folder + "/new", "w") as file:
        file.write("FAILED" if code else "COMPLETED")
    os.rename(folder + "/new", folder + "/state")
"""


def install(bin_folder: Path, folder: Path) -> Path:
    """Puts the four commands into a folder on PATH; returns the folder that steers them."""
    folder.mkdir()
    (folder / "node.py").write_text(_NODE)
    for name in ("sbatch", "squeue", "sacct", "scancel"):
        program = bin_folder / name
        program.write_text(_PROGRAM.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
    return folder
