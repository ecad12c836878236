// The API documentation to read.
const reader = document.getElementById("reader");

window.Redoc.init(
  reader.dataset.schema,
  // The search would start a worker from a blob, and the default fonts come from another host: the policy forbids both.
  { disableSearch: true, hideDownloadButton: false, theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } } },
  reader,
);
