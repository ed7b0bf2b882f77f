"""The checks that a run can make: each turns the raw records of its hooks into findings."""
