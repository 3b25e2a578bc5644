"""The Open Inference Protocol, version 2, over REST: for clients that people already have."""
