"""What each task knows: how its sequences are drawn, truth and rules, tests and recipes; knows no network."""
