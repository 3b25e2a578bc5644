"""LitServe (Lightning): one worker, no batching, which made it slower for a network as small as this."""
