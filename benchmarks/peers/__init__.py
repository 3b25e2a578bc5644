"""Other frameworks that serve models, each with its own pinned requirements and the set-up that suits it best."""
