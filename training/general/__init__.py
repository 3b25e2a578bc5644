"""The general series model's network and how it is trained and exported; on any backend of Keras."""
