"""The Open Inference Protocol, by which KServe, Triton and their clients speak."""
