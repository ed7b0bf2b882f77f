"""The pytest plugin (entry point `pytest11`); imports only pytest at load."""
