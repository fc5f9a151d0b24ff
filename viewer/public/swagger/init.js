// Starts Swagger UI for the API description beside this folder; no address outside this server is asked.
window.addEventListener("DOMContentLoaded", () => {
  const script = document.querySelector('script[src$="swagger/init.js"]');
  const description = new URL("../openapi.json", script ? script.src : document.baseURI).href;
  window.SwaggerUIBundle({
    url: description,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    tryItOutEnabled: true,
    presets: [window.SwaggerUIBundle.presets.apis],
  });
});
