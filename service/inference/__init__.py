"""Recurrent inference and its honest checks; knows nothing of HTTP and nothing of SQL."""
