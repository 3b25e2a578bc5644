"""How cost grows: with the sequence, the batch, the log, the workers; and what a start and a worker cost."""
