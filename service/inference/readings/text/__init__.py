"""How a model reads a text and writes another, symbol by symbol: encoder, attention and decoder."""
