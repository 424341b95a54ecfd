import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Debian's own exporter: from PATH, else its package unpacked into `folder` without installing it; `null` where neither can be had. */
export function findNodeExporter(folder: string): string | null {
  const onPath = tryRun('sh', ['-c', 'command -v prometheus-node-exporter']);
  if (onPath) return onPath.trim();
  mkdirSync(folder, { recursive: true });
  if (tryRun('apt-get', ['download', 'prometheus-node-exporter'], folder) === null) return null;
  const deb = readdirSync(folder).find((file) => file.endsWith('.deb'));
  if (!deb || tryRun('dpkg-deb', ['-x', deb, 'unpacked'], folder) === null) return null;
  return join(folder, 'unpacked/usr/bin/prometheus-node-exporter');
}

function tryRun(command: string, args: string[], cwd = '.'): string | null {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 60_000 });
  } catch {
    return null;
  }
}
