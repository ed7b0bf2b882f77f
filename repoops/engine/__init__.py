"""Runs PTX on the CPU: translated to LLVM IR, one function that runs one warp, compiled by LLVM for this machine."""
