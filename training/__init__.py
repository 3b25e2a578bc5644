"""Builds, trains, scores and exports the models that ``service`` serves; the service never imports it."""
