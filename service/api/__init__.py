"""HTTP only: translates requests for the engine and the log, and their answers and errors back."""
