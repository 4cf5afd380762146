// ESLint's recommended rules, and those that keep the page's policy and manner.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    files: ["**/*.js"],
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: globals.browser },
    rules: {
      eqeqeq: "error",
      complexity: ["error", 12],
      "max-lines": ["error", 330],
      "max-lines-per-function": ["error", 45],
      "no-console": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-shadow": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Text is set as text; elements are made." },
        { property: "outerHTML", message: "Text is set as text; elements are made." },
      ],
    },
  },
];
