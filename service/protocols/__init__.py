"""What goes over the wire, a room or file a protocol: bytes to questions, answers and errors to bytes."""
