"""What a batch costs: a million series on this machine, here and through Ray, beside statsforecast's methods."""
