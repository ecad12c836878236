from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id at OWASP's minimum: 19 MiB and two passes. Django's default takes 100 MiB and 157 ms a login
    on two cores, which turns the login form into a lever against the server."""

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
