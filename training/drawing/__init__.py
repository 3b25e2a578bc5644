"""Models that draw: a recurrent layer that reads a word, and the image of its last state; trained and exported here."""
