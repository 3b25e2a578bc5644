"""How the general models read a series: causal features of every step, and what is asked of each origin and horizon."""
