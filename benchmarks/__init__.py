"""What a prediction costs, as ratios against other ways to serve it, measured in turn on one core."""
