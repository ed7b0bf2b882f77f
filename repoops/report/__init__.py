"""The types that cross from the kernels to the session, with JSON both ways, and their renderings."""
