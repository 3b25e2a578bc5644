"""The three tasks: where training, calibration and test sequences come from; knows nothing of networks."""
