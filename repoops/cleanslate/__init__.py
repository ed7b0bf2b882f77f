"""The loss-free form of git clean and git reset."""
