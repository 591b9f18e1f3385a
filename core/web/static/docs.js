// Draws the reference from the OpenAPI document, for the address that this page was read at.

const place = document.getElementById("reference");
const scheme = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  document.documentElement.classList.toggle("dark-mode", scheme.matches);
}

const home = new URL(place.dataset.document, location).href.replace(/\/docs\/openapi\.json$/, "");

/** Requests go to where the page came from, so that the page may make them. */
function at_home(api) {
  const [{ url }] = api.servers;
  const schemes = JSON.stringify(api.components.securitySchemes);
  api.components.securitySchemes = JSON.parse(schemes.replaceAll(url, home));
  api.servers = [{ url: home }];
  return api;
}

/** Paths that take both a token and an API key. */
function paths_with_both(api) {
  const both = (way) => Object.keys(way).length > 1;
  const paths = Object.entries(api.paths);
  return paths.filter(([, each]) => Object.values(each).some((it) => it.security.some(both)));
}

/** Elsewhere one credential goes out: the token, where both are given. */
function with_one_credential(paths) {
  return (request) => {
    const path = new URL(request.url, location).href.replace(home, "").replace(/[?#].*/, "");
    if (request.headers?.Authorization && !paths.has(path)) {
      delete request.headers["X-API-Key"];
    }
    return request;
  };
}

async function draw() {
  const api = at_home(await (await fetch(place.dataset.document)).json());
  const paths = new Set(paths_with_both(api).map(([path]) => path));
  window.reference = SwaggerUIBundle({
    spec: api,
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    filter: true,
    validatorUrl: null,
    requestInterceptor: with_one_credential(paths),
  });
}

/** The dialog of Authorize opens with the cursor in the user name. */
function focus_user_name() {
  const field = place.querySelector(".dialog-ux input#oauth_username");
  if (field && !field.dataset.met) {
    field.dataset.met = "yes";
    field.focus();
  }
}

new MutationObserver(focus_user_name).observe(place, { childList: true, subtree: true });
scheme.addEventListener("change", follow);
follow();
draw();
