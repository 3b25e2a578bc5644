"""How a model reads a series whose network is averaged with an autoregression of the series itself."""
