"""The detection exam: labelled series, judged by `/anomalies` and by simple rules at equal flag rates."""
