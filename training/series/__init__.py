"""A user's own series: from a file to served next-value models, judged beside what could replace them."""
