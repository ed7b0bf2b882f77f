"""A client in a process of its own, to be killed: `python -m tests.support.remote_client REPO PORT ...`; see `main`.

Goes on with the newest job of the repository, or begins one; brings it home; prints the folder of the results.
"""

from __future__ import annotations

import sys

from repoops.remote.job import JobSpec, attach, local_jobs, submit
from repoops.remote.link import Link
from repoops.remote.ssh import Host
from repoops.remote.watch import collect, follow
from repoops.vcs.read import open_repository
from repoops.vcs.side import carry


def main(root: str, ssh_config: str, port: str, remote: str, python: str, *argv: str) -> None:
    host = Host("loopback", "loopback", ("-F", ssh_config, "-p", port), remote, python)
    repo = open_repository(root)
    link = Link(host, patience_s=120)
    begun = local_jobs(repo)
    if begun:
        job = attach(link, repo, begun[-1].id)
    else:
        job = submit(link, repo, JobSpec(argv, carry(repo), limit_s=300))
    ending = follow(link, job, lambda _: None)
    print(collect(link, job))
    print(ending.words())


if __name__ == "__main__":
    main(*sys.argv[1:])
