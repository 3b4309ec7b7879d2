"""Django's own tests of sessions, sign-in, messages, CSRF and the test client, on jenk's engine."""
