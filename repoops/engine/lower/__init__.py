"""PTX instructions as LLVM IR: one module for each family, one function for each opcode.

Each family's dict maps an opcode to its function `(frame, instruction) -> results`.
"""
