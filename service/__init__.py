"""Serves recurrent networks over HTTP and says how far each answer can be trusted."""

# The name in package metadata; "unroll" on the index is somebody else's.
DISTRIBUTION = "unroll-rnn"
