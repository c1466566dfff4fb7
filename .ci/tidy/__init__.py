"""The checks of the house, one file for each subject. Each yields one line for each breach."""
