"""A kernel's history: its commits, what reports found of it, measured times, and what was said of it."""
