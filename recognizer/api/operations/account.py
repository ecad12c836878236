"""The operations on tokens, notices, and the account."""

from recognizer.api.requests import serializers
from recognizer.api.schema import FOUND, LIST_PARAMETERS, LISTED, LOCATION, RETRY_AFTER, answer, binary, operation
from recognizer.bodies.account import NewTokenBody, PersonalExportBody, PersonBody, TokenBody
from recognizer.bodies.notices import NoticePageBody

list_tokens = operation("tokens", "list_tokens", "List your tokens", answers={200: [TokenBody]}, by_token=False)
create_token = operation(
    "tokens",
    "create_token",
    "Create a token; its secret is shown only once",
    request=serializers.TokenRequestSerializer,
    answers={201: NewTokenBody},
    parameters=[LOCATION],
    problems=["invalid", "conflict", "unsupported_media_type"],
    by_token=False,
)
get_token = operation("tokens", "get_token", "Get a token", answers={200: TokenBody}, problems=FOUND, by_token=False)
revoke_token = operation(
    "tokens", "revoke_token", "Revoke a token", answers={204: None}, problems=FOUND, by_token=False
)
list_notices = operation(
    "me",
    "list_notices",
    "List what Digitscribe told you, newest first",
    answers={200: NoticePageBody},
    parameters=LIST_PARAMETERS,
    problems=LISTED,
)
get_me = operation("me", "get_me", "Get the account, its usage and its quota", answers={200: PersonBody})
delete_me = operation(
    "me",
    "delete_me",
    "Close the account and delete all its data in the background",
    request=serializers.PasswordSerializer,
    answers={202: None},
    problems=["invalid", "unsupported_media_type"],
    by_token=False,
)
get_export = operation(
    "me",
    "get_export",
    "Get the state of the export of your data",
    answers={200: PersonalExportBody},
    parameters=[RETRY_AFTER],
    problems=FOUND,
)
create_export = operation(
    "me",
    "create_export",
    "Write a ZIP with all your pictures and answers in the background",
    answers={
        202: answer(PersonalExportBody, state="running", done=20, finished_at=None, file_url=None),
    },
    parameters=[LOCATION, RETRY_AFTER],
    problems=["stale_login"],
)
delete_export = operation(
    "me", "delete_export", "Delete the export before it expires", answers={204: None}, problems=FOUND
)
get_export_file = operation(
    "me",
    "get_export_file",
    "Get the export; the file of a token does not name your tokens",
    answers=binary("application/zip"),
    problems=["stale_login", "conflict", *FOUND],
)
