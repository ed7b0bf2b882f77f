"""The map of a repository, drawn from its tree."""
