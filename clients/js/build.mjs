/** Copies the client, which the hub serves from web/static/js, and the licence into this folder, so that npm can pack them. */

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(here("dist"), { recursive: true, force: true });
mkdirSync(here("dist"));
for (const name of ["tickwell.js", "tickwell"]) cpSync(here(`../../web/static/js/${name}`), here(`dist/${name}`), { recursive: true });
cpSync(here("../../LICENSE"), here("LICENSE"));
