"""Headers that every response carries beside those of Django's own middleware."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# No page uses these; a script that got into one could not either.
DENIED_FEATURES = ("camera", "microphone", "geolocation", "payment", "usb", "browsing-topics")
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in DENIED_FEATURES),
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages show a person's data: no cache may keep them. Views whose responses may be kept set their own header.
    "Cache-Control": "no-store",
}


class ResponseHeadersMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
