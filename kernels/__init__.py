"""The kernels of this project, each with specification, oracle and launcher: the suite's first user."""
