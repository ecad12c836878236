// Requests of scripts. Where one ends without an answer because of the login, a permission or the connection, the notice
// at the end of the page says so, and the page stays with what was typed.

export const TOO_LATE = "too late"; // the reason with which a request that takes too long is aborted

const notice = document.querySelector("[data-connection]");
const sentences = [...notice.querySelectorAll("[data-told]")];
const told = () => sentences.find((each) => !each.hidden)?.dataset.told;

// Error of a request without an answer, which the notice has explained.
export class NotAnswered extends Error {}

// Return whether a response is a fragment. A whole page is, for example, the login page after the session has expired.
export function isPart(type, html) {
  return Boolean(type?.startsWith("text/html")) && !isPage(html);
}

const isPage = (html) => /<html[\s>]/i.test(html);

// Show one of the notice's sentences, or none.
export function tell(name) {
  if (name === told()) return;
  for (const each of sentences) each.hidden = each.dataset.told !== name;
  notice.hidden = !name;
}

// Show why a response is no answer, and return the name of the sentence. A form that has expired gets the new token of
// the response and counts as "renewed": it can be sent once more.
export function explain({ url, method, status, answeredBy, html, header }) {
  const name = obstacleOf({ url, method, status, answeredBy, html, header });
  if (name === "renewed") tell(null);
  else if (name) tell(name);
  // What was refused stays explained while the page polls.
  else if (status < 400 && (method !== "GET" || ["ended", "offline"].includes(told()))) tell(null);
  return name;
}

function obstacleOf({ url, method, status, answeredBy, html, header }) {
  const { pathname, searchParams } = new URL(answeredBy);
  if (status === 401 || (searchParams.has("next") && pathname !== new URL(url, location.href).pathname)) return "ended";
  if (status === 403 && header("X-CSRFToken")) return renewForms(header("X-CSRFToken"), header("X-Account"));
  if (status < 400 || !isPage(html)) return null;
  if (status === 404) return "gone";
  if (status === 403) return "forbidden";
  return method === "GET" ? null : "failed";
}

function renewForms(token, account) {
  if (account !== notice.dataset.account) return account ? "other" : "ended";
  for (const each of document.querySelectorAll("[name=csrfmiddlewaretoken]")) each.value = token;
  return "renewed";
}

// Fetch, and return the response with its text. Throw NotAnswered where the notice explains why there is none.
export async function request(url, { method = "GET", body, headers, signal } = {}, isRenewed = false) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  body?.delete("csrfmiddlewaretoken"); // of a form, which may have expired: the header counts only without it
  const ownHeaders = method === "POST" ? { ...headers, "X-CSRFToken": token } : headers;
  let response;
  let html;
  try {
    response = await fetch(url, { method, body, headers: ownHeaders, signal });
    html = await response.text();
  } catch (error) {
    if (signal?.aborted && signal.reason !== TOO_LATE) throw error;
    tell("offline");
    throw new NotAnswered();
  }
  const header = (name) => response.headers.get(name);
  const obstacle = explain({ url, method, status: response.status, answeredBy: response.url, html, header });
  if (obstacle === "renewed" && !isRenewed) return request(url, { method, body, headers, signal }, true);
  if (obstacle === "renewed") tell("failed");
  if (obstacle) throw new NotAnswered();
  return { response, html };
}

// Fetch this page once more for the token of its forms, and return whether they have it. The API answers without one.
export async function renewToken() {
  try {
    const { html } = await request(location.href);
    const page = new DOMParser().parseFromString(html, "text/html");
    const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
    const name = renewForms(token, page.querySelector("[data-connection]").dataset.account);
    tell(name === "renewed" ? null : name);
    return name === "renewed";
  } catch (error) {
    if (error instanceof NotAnswered) return false;
    throw error;
  }
}

// Fetch a part of a page and return its HTML.
export async function fetchPart(url, options) {
  const { response, html } = await request(url, options);
  if (isPart(response.headers.get("Content-Type"), html)) return html;
  tell("failed");
  throw new NotAnswered();
}
