"""Streams: values that come one after another, each answered from the last of those before it. Knows no HTTP."""
