"""The series task: made-up series of many families, for a model that is to answer any series; knows no network."""
