// The API's reader for those who only read.
const reader = document.getElementById("reader");

window.Redoc.init(
  reader.dataset.schema,
  // The search would start a worker from a blob, and the theme would fetch fonts from elsewhere.
  { disableSearch: true, hideDownloadButton: false, theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } } },
  reader,
);
