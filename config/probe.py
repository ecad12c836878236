"""A probe of a web server for container engines, whose images need no shell and no curl.

python -m config.probe http://127.0.0.1:8000/livez
"""

import sys
import urllib.request

from config.env import env

SECONDS = 4


def main(url: str) -> int:
    """Return 0 if the address answers with 200, as the host that the server knows."""
    host = env.list("ALLOWED_HOSTS", str.strip, default=["localhost"])[0].lstrip(".*") or "localhost"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Host": host}), timeout=SECONDS) as answer:  # noqa: S310
            return 0 if answer.status == 200 else 1
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
