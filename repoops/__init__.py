"""RepoOps: a session log in which nothing can be claimed that was not measured."""

__version__ = "0.1.0"
