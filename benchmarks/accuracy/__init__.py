"""The published models' exam: targets S1-S14, runs over seeds, the lecture's labs anew; writes models/RESULTS.md."""
