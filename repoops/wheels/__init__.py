"""Which published wheel fits a host, and how it gets there without a compiler."""
