"""How a model reads a series with covariates: effects are taken off, the rest is forecast, effects return."""
