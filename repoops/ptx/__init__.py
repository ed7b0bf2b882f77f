"""PTX text as a typed module, its control flow, and which registers differ from lane to lane; knows nothing of LLVM."""
