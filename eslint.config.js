import tseslint from "typescript-eslint";

/**
 * Rules for every file: a function fits a screen, a file stays readable.
 * @type {import("eslint").Linter.RulesRecord}
 */
const sizes = {
  "max-lines": ["error", { max: 400 }],
  "max-lines-per-function": ["error", { max: 70 }],
};

export default tseslint.config(
  {
    ignores: [
      ...["**/node_modules/", "dist/", "build/", "as/", "assembly.ts", "guest/"],
      ...["src/layout/generated.ts", "tests/golden/", "site/.pages/"],
    ],
  },
  {
    files: ["**/*.{ts,tsx,js,mjs}"],
    rules: {
      ...sizes,
      "no-var": "error",
      "prefer-const": "error",
      eqeqeq: "error",
      "no-debugger": "error",
      "no-warning-comments": ["error", { terms: ["fixme"] }],
    },
  },
  {
    files: ["{src,tests,bench,site,explorer}/**/*.{ts,tsx}", "*.config.ts"],
    ignores: ["bench/assembly/**", "bench/programs/**"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "no-console": "error",
    },
  },
  // A describe() block is a list of tests, not a function that must fit a screen.
  { files: ["tests/**"], rules: { "max-lines-per-function": "off" } },
  { files: ["src/cli/**", "bench/**", "tests/**", "site/**"], rules: { "no-console": "off" } },
  {
    files: ["{assembly,bench/assembly}/**/*.ts"],
    languageOptions: { parser: tseslint.parser },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      // There are no other types to coerce from; === means identity there.
      eqeqeq: "off",
      // Exports have their C signatures, used or not.
      "@typescript-eslint/no-unused-vars": ["error", { args: "none" }],
      "@typescript-eslint/no-shadow": "error",
      // tidy explains these rules and finds what a selector cannot.
      "no-restricted-syntax": [
        "error",
        "NewExpression",
        "ThrowStatement",
        "ArrayExpression",
        "TemplateLiteral",
        "TryStatement",
      ],
    },
  },
  // Ordinary AssemblyScript, with a runtime.
  {
    files: ["bench/programs/**/*.ts"],
    languageOptions: { parser: tseslint.parser },
    rules: { eqeqeq: "off" },
  },
  {
    files: ["{tools,tests,bench,site}/**/*.mjs", "*.config.js"],
    extends: [tseslint.configs.recommended],
  },
);
