"""A kernel, its launch and its outcome as plain data."""
