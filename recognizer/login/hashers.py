from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's minimum: 19 MiB of memory and two passes.

    Django's default takes 100 MiB and 157 ms for each login on two cores, so a few logins would overload the server.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
