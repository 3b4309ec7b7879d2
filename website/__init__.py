"""The example site: a small project that uses jenk the way yours would."""
