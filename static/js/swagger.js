// The API's reader, in which a logged-in person can try every operation.
const reader = document.getElementById("reader");

window.SwaggerUIBundle({
  url: reader.dataset.schema,
  domNode: reader,
  deepLinking: true,
  // The validator's badge would be fetched from elsewhere.
  validatorUrl: null,
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = reader.dataset.csrf;
    return request;
  },
});
