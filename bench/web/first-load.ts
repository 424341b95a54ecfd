import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

export interface FirstLoad {
  readonly file: string;
  readonly gzip_bytes: number;
}

/** The home page's own chunk, and the longer of the two languages: a visit loads one of them. */
const LATER = [/^HomeView-/, /^zh-CN-/];
const IMPORT = /(?:\bfrom|\bimport)\s*["']\.\/([\w.-]+\.js)["']/g;

/** All scripts that the built index.html needs before the home page shows: what it names, the home page's chunks, and what those import. */
export function firstLoad(dist: string): FirstLoad[] {
  const html = readFileSync(path.join(dist, 'index.html'), 'utf8');
  const named = [...html.matchAll(/(?:src|href)="\/([^"]+\.js)"/g)].map((match) => match[1]!);
  const assets = readdirSync(path.join(dist, 'assets'));
  const later = LATER.map((pattern) => assets.find((name) => pattern.test(name) && name.endsWith('.js'))!);
  const wanted = new Set(named.concat(later.map((name) => `assets/${name}`)));
  // The set grows while it is walked: an import is followed as soon as it is found.
  for (const file of wanted) for (const [, name] of readFileSync(path.join(dist, file), 'utf8').matchAll(IMPORT)) wanted.add(`assets/${name!}`);
  return [...wanted].map((file) => ({ file, gzip_bytes: gzipSync(readFileSync(path.join(dist, file))).length }));
}
