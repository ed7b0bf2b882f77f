"""Plan, journal, apply, count, undo: the only way in which a user's files are changed."""
