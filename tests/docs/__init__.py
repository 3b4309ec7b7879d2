"""The documentation says what is true: its code runs, its tables are those of the code."""
