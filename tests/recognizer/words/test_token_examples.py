"""The commands that are shown with a new token are valid."""

import ast
import shlex

import pytest

from recognizer.models import ApiToken
from recognizer.words.token_examples import token_examples

URL = "https://digits.example.org/api/v1/predictions/"


@pytest.mark.parametrize("scope", ApiToken.Scope.values)
def test_the_commands_hold_the_secret_and_the_address(scope):
    shell, python = token_examples(ApiToken(scope=scope), "dgs_secret", URL)
    words = shlex.split(shell.text)
    assert words[0] == "curl"
    assert "Authorization: Bearer dgs_secret" in words
    assert words[-1] == URL
    texts = [node.value for node in ast.walk(ast.parse(python.text)) if isinstance(node, ast.Constant)]
    assert "Bearer dgs_secret" in texts
    assert URL in texts


def test_a_token_that_only_reads_gets_commands_that_only_read():
    for example in token_examples(ApiToken(scope="read"), "dgs_secret", URL):
        assert "picture.png" not in example.text
