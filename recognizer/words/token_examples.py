"""Ready commands that use a token, for the person who has just created it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from recognizer.models import ApiToken


@dataclass(frozen=True, slots=True)
class TokenExample:
    title: str
    text: str


def token_examples(token: ApiToken, secret: str, url: str) -> list[TokenExample]:
    """Return commands for a shell and for Python: they read a picture, or list the results if the token only reads."""
    if token.scope != ApiToken.Scope.WRITE:
        return [
            TokenExample(_("List the results in a shell"), f"curl -H 'Authorization: Bearer {secret}' '{url}'"),
            TokenExample(_("List the results in Python"), _python(url, secret, "", "", '["results"]')),
        ]
    return [
        TokenExample(
            _("Read a picture in a shell"),
            f"curl -H 'Authorization: Bearer {secret}' -F 'image=@picture.png' '{url}'",
        ),
        TokenExample(
            _("Read a picture in Python"),
            _python(url, secret, ', open("picture.png", "rb").read()', ', "Content-Type": "image/png"', '["written"]'),
        ),
    ]


def _python(url: str, secret: str, data: str, headers: str, field: str) -> str:
    return (
        "import json, urllib.request\n"
        f'request = urllib.request.Request("{url}"{data}, headers={{"Authorization": "Bearer {secret}"{headers}}})\n'
        f"print(json.load(urllib.request.urlopen(request)){field})"
    )
