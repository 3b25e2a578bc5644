"""Scores files of series, part by part: `python -m service batch`, on this machine's cores or on a Ray cluster."""
