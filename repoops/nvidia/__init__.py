"""All that asks NVIDIA's tools: NVRTC, ptxas, the limits of each architecture."""
