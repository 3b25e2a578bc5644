"""PyTriton (NVIDIA): the real Triton server with a Python function behind its dynamic batcher. Wants Python 3.12."""
