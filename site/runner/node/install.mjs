// Puts Node.js's surroundings in place; it stands before every other import.

import "./globals.mjs";
import modules from "./modules.cjs";

globalThis.__nodeModules = modules;
