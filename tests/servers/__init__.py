"""Real servers for tests: each a context manager on a free loopback port and a temporary folder.

They run as an unprivileged user even when the tests run as root, and go when the tests go, however
that happens.
"""
