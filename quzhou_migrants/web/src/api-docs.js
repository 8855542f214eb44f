// The interface description, read from our own address by a viewer served from our own address.
import "swagger-ui-dist/swagger-ui.css";
import "./styles/api-docs.scss";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

const place = document.getElementById("api-docs");
SwaggerUI({
  domNode: place,
  url: place.dataset.url,
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  supportedSubmitMethods: ["get"],
  plugins: [() => ({ wrapComponents: { InfoContainer: () => () => null } })], // our page has its own heading
});
