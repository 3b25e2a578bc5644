"""How a general network is corrected for own series in closed form, and what it learns from."""
