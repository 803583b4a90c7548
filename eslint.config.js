// How the page's scripts are checked: `npm ci && npm run lint`.

import js from "@eslint/js";

// What the scripts use of a browser.
const BROWSER = [
  "AbortController",
  "Blob",
  "clearTimeout",
  "DecompressionStream",
  "document",
  "fetch",
  "getComputedStyle",
  "history",
  "ImageData",
  "innerHeight",
  "innerWidth",
  "location",
  "MutationObserver",
  "requestAnimationFrame",
  "ResizeObserver",
  "Response",
  "setTimeout",
  "TextDecoder",
  "URL",
  "URLSearchParams",
  "WebSocket",
  "window",
];

export default [
  js.configs.recommended,
  {
    languageOptions: { globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])) },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "array-callback-return": "error",
      "consistent-return": "error",
      eqeqeq: "error",
      "max-len": ["error", { code: 100 }],
      "max-lines": ["error", 150],
      "max-lines-per-function": ["error", 40],
      "no-shadow": "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
];
