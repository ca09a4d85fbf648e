// The glossary of docs/glossary.md, which the build puts in here.

declare const GLOSSARY_OF_DOCS: Readonly<Record<string, string>>;

/** What each word means. */
export const GLOSSARY: Readonly<Record<string, string>> = GLOSSARY_OF_DOCS;
