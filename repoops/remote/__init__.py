"""Work on another machine over a link that breaks: a pushed agent, a job that outlives the connection, its results once."""
