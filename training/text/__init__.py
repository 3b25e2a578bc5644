"""Models that write text: an encoder-decoder with attention, how it is trained by teacher forcing, and exported."""
