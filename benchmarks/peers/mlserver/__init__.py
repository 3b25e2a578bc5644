"""MLServer (Seldon): a runtime class of one's own, in the server's process, which is its fastest for small models."""
