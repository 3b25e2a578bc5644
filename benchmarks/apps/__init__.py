"""The best that someone would write with each framework in half an hour, to compare with."""
