"""Serves recurrent networks over HTTP and says how far each answer can be trusted."""

import os

# Before NumPy is imported anywhere: OpenBLAS would share each product of small matrices out over all cores and keep the
# interpreter to itself meanwhile, a second at a time on a busy machine. Threads here are the requests'.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The name in package metadata; "unroll" on the index is somebody else's.
DISTRIBUTION = "unroll-rnn"
