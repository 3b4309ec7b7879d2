"""jenk in a real browser: Chromium on the example site, run in a process of its own."""
