"""The pipeline of every request: reads, admits, refuses, batches, answers. Knows no protocol, no model and no table."""
