"""Full-text search over what a repository remembers: session logs, commits, notes, runs and reports."""
