// What the site's own packages are for the type checker, which also runs where they are not
// installed.

declare module "node-inspect-extracted" {
  export function formatWithOptions(options: object, ...values: unknown[]): string;
}
