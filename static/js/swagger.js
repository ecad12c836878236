// The API documentation in which a logged-in user can try every operation.
const reader = document.getElementById("reader");

window.SwaggerUIBundle({
  url: reader.dataset.schema,
  domNode: reader,
  deepLinking: true,
  // The validator's badge would be loaded from another host.
  validatorUrl: null,
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = reader.dataset.csrf;
    return request;
  },
});
