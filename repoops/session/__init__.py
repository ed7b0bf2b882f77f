"""The session log: facts as they come, a summary as a function of them, and the audit that repeats it."""
